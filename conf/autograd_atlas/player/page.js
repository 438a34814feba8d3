/* The players of a page, how fast they play, and its address. */

import { decoded } from "./address.js";

export const players = new Map(); // by the element of their figure

export function restAll() {
  for (const player of players.values()) player.rest();
}

// -- Speed

const SPEEDS = [0.5, 1, 2, 4]; // in which a step is shorter by this
let speedNow = 1;

export const speed = () => speedNow;

// To the next speed, or with -1 to the one before; after the last comes the first.
export function changeSpeed(by) {
  const next = Math.max(0, SPEEDS.indexOf(speedNow) + by);
  speedNow = SPEEDS[next % SPEEDS.length];
  for (const player of players.values()) player.showSpeed();
}

// -- In the address

// Puts what was changed on this page into its address.
export function shareAddress() {
  if (location.protocol === "about:") return; // which has no history
  const parts = [...players.values()].map((player) => player.fragment()).filter(Boolean);
  const plain = location.pathname + location.search;
  history.replaceState(null, "", parts.length ? `#${parts.join(";")}` : plain);
}

// Does with these figures what the address says.
export function restoreAddress(figures) {
  for (const { id, pairs } of decoded(location.hash)) {
    const figure = document.getElementById(id);
    if (figures.includes(figure)) players.get(figure)?.restore(pairs);
  }
}
