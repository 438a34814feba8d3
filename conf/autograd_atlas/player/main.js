/* Plays the figures of a page: steps forward and backward through the tape that each figure holds,
   calculates with other inputs, opens folded blocks in place. Everything stands finished in the
   page before this runs; without it nothing is missing but the playing. */

import { queryAll } from "./elements.js";
import { showFigures } from "./notebook.js";
import { players, restoreAddress } from "./page.js";
import { Player } from "./player.js";

function play() {
  const figures = queryAll(document, ".aa-figure").filter((figure) => !players.has(figure));
  for (const figure of figures) {
    const tape = figure.querySelector(":scope > script");
    if (tape) players.set(figure, new Player(figure, JSON.parse(tape.textContent)));
  }
  restoreAddress(figures);
}

function start() {
  const shown = showFigures();
  if (shown) shown.then(play);
  else play();
}

// A notebook may bring this script several times; the first one plays all figures.
if (window.autogradAtlas) window.autogradAtlas.start();
else {
  window.autogradAtlas = { start };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
  window.addEventListener("hashchange", () => restoreAddress([...players.keys()]));
}
