/* Plays one figure: brings its tape, its pictures and its controls together. */

import { encoded } from "./address.js";
import { Blocks } from "./blocks.js";
import { codeLines } from "./code-lines.js";
import * as controls from "./controls.js";
import { Editing } from "./editing.js";
import { queryAll, setAttributes } from "./elements.js";
import { Inputs } from "./inputs.js";
import { Lights } from "./lights.js";
import { changeSpeed, speed } from "./page.js";
import { anchorOf, Picture } from "./picture.js";
import { Steps } from "./steps.js";
import { filledIn, Tape } from "./tape.js";

const SMALLEST_ZOOM = 0.35;
const LARGEST_ZOOM = 5;
const ZOOM_STEP = 1.4;

export class Player {
  #figure;
  #tape;
  #pictures; // those that are shown
  #inputs;
  #steps;
  #blocks;
  #editing;
  #zoom = 1;

  // ``stored`` is the tape that the figure holds.
  constructor(figure, stored) {
    const part = (name) => figure.querySelector(`.aa-${name}`);
    const tape = new Tape(stored);
    const pictures = queryAll(figure, "svg[role]").map(
      (svg) => new Picture(svg, Picture.prefixOf(svg), tape),
    );
    const lines = codeLines(figure, new Set(tape.steps.map(({ code }) => code)));
    const lights = new Lights(tape, pictures, lines);
    const inputs = new Inputs(tape);
    const [scrubber, line, play] = ["scrubber", "say", "play"].map(part);
    this.#figure = figure;
    this.#tape = tape;
    this.#pictures = pictures;
    this.#inputs = inputs;
    const shown = () => this.#shown;
    this.#steps = new Steps(tape, { pictures, lights, inputs, shown, scrubber, line, play });
    this.#blocks = new Blocks(tape, pictures);
    this.#editing = new Editing(inputs, tape.words, {
      figure,
      line,
      panel: part("edit").lastChild,
      onChange: () => this.#steps.refresh(),
    });
    for (const picture of pictures) {
      this.#blocks.prepare(picture);
      this.#editing.prepare(picture);
      picture.scroller.setAttribute("aria-label", tape.words.picture);
    }
    this.#listen({ tape, pictures, lines, lights });
    this.showSpeed();
    this.#steps.refresh();
    if (figure.dataset.start) this.#steps.open();
  }

  // The first picture of the view that is shown: the others show the insides of its blocks.
  get #shown() {
    const view = this.#figure.querySelector(":scope > input:checked")?.value;
    const isSeen = ({ svg }) => !view || svg.closest(`.aa-view-${view}`);
    return this.#pictures.find(isSeen);
  }

  #listen(shown) {
    const figure = this.#figure;
    const steps = this.#steps;
    const actions = {
      first: () => steps.go(0),
      back: () => steps.goBy(-1),
      forward: () => steps.goBy(1),
      last: () => steps.goTo(this.#tape.last),
      play: () => steps.playOrPause(),
      speed: () => changeSpeed(1),
      slower: () => changeSpeed(-1),
      "zoom-in": () => this.#scale(this.#zoom * ZOOM_STEP),
      "zoom-out": () => this.#scale(this.#zoom / ZOOM_STEP),
    };
    const toggle = (door) => this.#toggle(door);
    const scrubber = figure.querySelector(".aa-scrubber");
    scrubber.disabled = false;
    scrubber.addEventListener("input", () => steps.go(Number(scrubber.value)));
    figure.querySelector(".aa-edit").addEventListener("toggle", () => this.#editing.open());
    controls.listenToButtons(figure, actions);
    controls.listenToKeys(figure, actions, toggle);
    controls.listenToDoors(figure, toggle);
    controls.listenToViews(figure, () => steps.join());
    controls.listenToPointing(figure, shown);
    controls.listenToPanning(figure);
  }

  #scale(factor) {
    this.#zoom = Math.max(SMALLEST_ZOOM, Math.min(LARGEST_ZOOM, Number(factor.toFixed(3))));
    for (const picture of this.#pictures) picture.scale(this.#zoom);
  }

  #toggle(before) {
    const place = anchorOf(before).getBoundingClientRect();
    const { picture, door } = this.#blocks.toggle(before);
    this.#editing.prepare(picture);
    this.#steps.refresh();
    this.#scale(this.#zoom);
    if (!door) return;
    door.focus({ preventScroll: true });
    picture.keepInPlace(door, place);
  }

  showSpeed() {
    const button = this.#figure.querySelector(".aa-speed");
    const label = filledIn(this.#tape.words.speed, { n: speed() });
    setAttributes(button, { "aria-label": label, title: label });
    button.textContent = `${speed()}×`;
  }

  // Lights nothing up any more.
  rest() {
    this.#steps.rest();
  }

  // -- In the address

  // The part of the address that tells what was changed here; empty if nothing was.
  fragment() {
    if (!this.#inputs.changed || !this.#figure.isConnected) return "";
    const view = this.#figure.querySelector(":scope > input:checked");
    return encoded(this.#figure.id, [
      ...this.#inputs.written(),
      ["~view", view ? view.value : ""],
      ["~step", this.#steps.now],
    ]);
  }

  // Does what the pairs [name, text] of an address say.
  restore(pairs) {
    this.#figure.querySelector(".aa-edit").open = true;
    this.#figure.scrollIntoView({ behavior: "instant" });
    this.#editing.open();
    if (!this.#editing.canChange) return;
    const settings = {
      "~view": (text) => this.#showView(text),
      "~step": (text) => this.#goTo(text),
    };
    const isSetting = ([name]) => Object.hasOwn(settings, name);
    for (const [name, text] of pairs.filter(isSetting)) settings[name](text);
    const { numbers, wrong } = this.#inputs.read(pairs.filter((pair) => !isSetting(pair)));
    this.#editing.change(numbers);
    this.#editing.complain(wrong);
  }

  #showView(view) {
    this.#figure.querySelector(`:scope > input[value="${CSS.escape(view)}"]`)?.click();
  }

  #goTo(text) {
    this.#steps.goTo(Number.isInteger(Number(text)) ? Number(text) : this.#tape.last);
  }
}
