/* What the player reads of what unfolding.py and packing.py store, as tests ask for it. */

import { unfolded, unpacked } from "../conf/autograd_atlas/player/unfolding.js";

// All pictures that a tape holds, each as [markup, title].
export const pictures = (stored) => Object.keys(stored.parents).map(unfolded(stored));

export const texts = (stored) => stored.map(unpacked);
