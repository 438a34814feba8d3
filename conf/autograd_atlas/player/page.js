/* The players of a page, and its address. */

import { decoded } from "./address.js";

export const players = new Map(); // by the element of their figure

export function restAll() {
  for (const player of players.values()) player.rest();
}

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
