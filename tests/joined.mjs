/* What the player makes of a figure's tape, as tests ask for it. */

import { joined } from "../conf/autograd_atlas/player/joining.js";
import { changeSpeed, speed } from "../conf/autograd_atlas/player/page.js";
import { Tape } from "../conf/autograd_atlas/player/tape.js";

export { joined };

// The steps of a reader who sees a picture that draws these keys.
export function runs(stored, keys) {
  const tape = new Tape(stored);
  const elements = Object.fromEntries(keys.map((key) => [key, true]));
  return joined(
    tape.steps,
    tape.steps.map((step) => tape.foldedAt(step, elements)),
  );
}

// The speeds that one comes to, from the first one on.
export const speeds = (changes) =>
  changes.map((by) => {
    changeSpeed(by);
    return speed();
  });
