/* Figures in the outputs of a notebook, which keeps them compressed behind an image of them. */

import { queryAll } from "./elements.js";

const PACKED = "data-aa-figure";

async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).text();
}

// Puts every figure in the place of its image. Gives a promise, or nothing if there is none.
export function showFigures() {
  const holders = queryAll(document, `[${PACKED}]`);
  if (!holders.length) return null;
  return Promise.all(
    holders.map(async (holder) => {
      const packed = holder.getAttribute(PACKED);
      holder.removeAttribute(PACKED); // so that nobody else does it again
      holder.innerHTML = await unpacked(packed);
    }),
  );
}
