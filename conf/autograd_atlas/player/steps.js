/* Steps forward and backward through the tape of a figure, by itself if asked to. What is inside of a
   folded block is one step, as long as it is folded in the view that is shown. */

import { create, queryAll, setAttributes } from "./elements.js";
import { joined } from "./joining.js";
import { restAll, speed } from "./page.js";
import { writeText } from "./picture.js";
import { filledIn } from "./tape.js";
import { Travel } from "./travel.js";

const PACE = 1200; // milliseconds that a step stays

export class Steps {
  #tape;
  #pictures;
  #lights;
  #inputs;
  #parts; // elements: scrubber, line, play
  #shown; // gives the picture that the reader sees
  #runs = []; // steps of the reader, each one or several of the tape's
  #at = 0; // which of them is shown,
  #place; // and the step of the tape that the reader went to, which may lie inside of it
  #changes = []; // by step: [element, class that it has before this step]
  #sums = []; // by step: [text, quantities that it adds up before this step, and from it on]
  #travel = new Travel();
  #timer = 0;
  #isTouched = false; // before that, nothing is lit up, nor scrolled

  constructor(tape, { pictures, lights, inputs, shown, scrubber, line, play }) {
    this.#tape = tape;
    this.#pictures = pictures;
    this.#lights = lights;
    this.#inputs = inputs;
    this.#parts = { scrubber, line, play };
    this.#shown = shown;
    this.#place = tape.last;
    this.now = tape.last; // the step of the tape up to which all is shown
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.#pause();
    });
  }

  // -- Showing

  // Finds anew what each step changes, after a picture or a number is another one.
  refresh() {
    this.#travel.end();
    this.#changes = this.#tape.steps.map(() => []);
    this.#sums = this.#tape.steps.map(() => []);
    for (const picture of this.#pictures) {
      this.#addTags(picture);
      this.#addElements(picture);
      picture.write(this.#inputs);
      for (const text of picture.texts) this.#addText(text);
    }
    this.join();
  }

  // Finds anew which steps are one, after another view is shown, or a block opened or closed.
  join() {
    const { elements } = this.#shown();
    const { steps } = this.#tape;
    const blocks = steps.map((step) => this.#tape.foldedAt(step, elements));
    this.#runs = joined(steps, blocks);
    this.#parts.scrubber.max = this.#end;
    this.#show(this.#runAt(this.#place));
  }

  get #end() {
    return this.#runs.length - 1;
  }

  #runAt(step) {
    return this.#runs.findIndex(({ last }) => last >= step);
  }

  #add(element, step, className = "aa-off") {
    if (step) this.#changes[step].push([element, className]);
    element.classList.toggle(className, step > this.now);
  }

  // A gradient counts up as its parts arrive. Before the first one, its place holds the whole, for
  // print.
  #addText(text) {
    const parts = this.#tape.partsOf(text.quantities[0]);
    if (!parts) {
      this.#add(text.element, this.#tape.arrives(text.quantities));
      return;
    }
    this.#add(text.element, parts[0][0]);
    let before = text.quantities;
    for (const [step, names] of parts) {
      const after = names[0] === text.quantities[0] ? text.quantities : names;
      if (after !== before) this.#sums[step].push([text, before, after]);
      if (step <= this.now) writeText(text, this.#inputs, after);
      before = after;
    }
  }

  // A saved tensor is struck out when its node has run.
  #addTags(picture) {
    for (const tag of queryAll(picture.svg, ".tag-freed")) {
      const node = picture.keyOf(tag.closest("g")).slice(1);
      this.#add(tag, this.#tape.arrives([`r${node}.0`]), "aa-kept");
    }
  }

  #addElements({ elements }) {
    const blocks = this.#tape.blocksAppear(elements);
    for (const key in elements) {
      this.#add(elements[key], this.#tape.appears(key) || blocks[key] || 0);
    }
  }

  #show(at) {
    const { first, last } = this.#runs[at];
    this.#at = at;
    while (this.now < last) this.#toggle(++this.now, false);
    while (this.now > last) this.#toggle(this.now--, true);
    if (this.#isTouched) this.#light(this.#tape.steps.slice(first, last + 1));
    const { scrubber, line } = this.#parts;
    scrubber.value = at;
    scrubber.setAttribute("aria-valuetext", `${at} / ${this.#end}`);
    const parts = this.#words().split("`");
    line.replaceChildren(...parts.map((part, n) => (n % 2 ? create("code", {}, part) : part)));
  }

  #light(steps) {
    const keys = steps.flatMap(({ on }) => on);
    const codes = steps.map(({ code }) => code);
    this.#lights.show("aa-now", keys, codes);
    for (const picture of this.#pictures) picture.follow();
  }

  #toggle(step, isBefore) {
    for (const [element, className] of this.#changes[step]) {
      element.classList.toggle(className, isBefore);
    }
    for (const [text, before, after] of this.#sums[step]) {
      writeText(text, this.#inputs, isBefore ? before : after);
    }
  }

  // -- Moving

  // Lets numbers travel along the wires of a run of steps; back, as they came.
  #move({ first, last, isBackward }, isBack) {
    const picture = this.#shown();
    const steps = this.#tape.steps.slice(first, last + 1);
    const keys = new Set(steps.flatMap(({ on }) => on));
    const along = [];
    for (const key of keys) {
      const path = picture.elements[key];
      if (!path?.matches(".wire path")) continue;
      const [call, place] = key.slice(1).split(".").map(Number);
      if (isBackward) along.push([path, picture.sent[key]?.textContent.slice(2) ?? ""]);
      else if (key[0] === "w") along.push([path, this.#inputs.givenText(call, place)]);
    }
    const arriving = isBack ? [] : this.#arrivingIn(first, last, isBackward);
    this.#travel.start(picture, along, {
      isBackward: Boolean(isBackward) !== isBack,
      arriving,
      speed: speed(),
    });
  }

  // What appears when the numbers have arrived.
  #arrivingIn(first, last, isBackward) {
    const arriving = [];
    for (let step = first; step <= last; step++) {
      const elements = this.#changes[step].map(([element]) => element);
      arriving.push(...elements.filter((each) => each.matches(isBackward ? ".grad" : "g[id]")));
      arriving.push(...this.#sums[step].map(([{ element }]) => element));
    }
    return arriving;
  }

  // The line that tells the step.
  #words() {
    const { words } = this.#tape;
    const run = this.#runs[this.#at];
    const pass = run.isBackward ? "backward" : "forward";
    const place = filledIn(words[this.#at ? `at-${pass}` : "at"], { n: this.#at, all: this.#end });
    const yours = this.#inputs.changed ? words.yours : "";
    const line = this.#inputs.filled(this.#lineOf(run));
    if (!run.block) return place + yours + line;
    const n = run.last - run.first + 1;
    const kind = n > 1 ? `joined-${pass}` : "joined-one";
    const block = `\`${this.#shown().titleOf(run.block)}\``;
    return place + yours + filledIn(words[kind], { block, n, line });
  }

  // Of several steps, the line of the last one; or backward, of the last that sends a gradient out of
  // their block, if one does.
  #lineOf({ first, last, isBackward }) {
    const steps = this.#tape.steps.slice(first, last + 1);
    const { elements } = this.#shown();
    const leaves = ({ on }) => on.some((key) => /^[ew]/.test(key) && elements[key]);
    return ((isBackward && steps.findLast(leaves)) || steps.at(-1)).line;
  }

  // -- Going

  // Opens before the first step.
  open() {
    this.#goOn(0);
  }

  // To one of the reader's steps.
  go(at) {
    this.#play(false);
    this.#touch();
    this.#goOn(Math.max(0, Math.min(this.#end, at)));
  }

  // One step on, or with -1 one back.
  goBy(count) {
    const before = this.#at;
    this.go(before + count);
    if (this.#at > before) this.#move(this.#runs[this.#at], false);
    if (this.#at < before) this.#move(this.#runs[before], true);
  }

  // To a step of the tape, or the end.
  goTo(step) {
    const at = this.#runAt(step);
    this.go(at < 0 ? this.#end : at);
  }

  #goOn(at) {
    this.#travel.end();
    this.#show(at);
    this.#place = this.now;
  }

  // Plays from here on, from the start if this is the end, or pauses.
  playOrPause() {
    const isStart = !this.#timer;
    if (isStart && this.#at === this.#end) this.go(0);
    this.#touch();
    if (isStart) this.#playNext();
    else this.#play(false);
  }

  // Nothing goes on where nobody sees it.
  #pause() {
    this.#play(false);
    this.#travel.end();
  }

  // Nothing is lit up any more: a reader has gone on to another figure.
  rest() {
    this.#isTouched = false;
    this.#lights.show("aa-now", []);
  }

  #touch() {
    restAll();
    this.#isTouched = true;
  }

  #play(isOn) {
    clearTimeout(this.#timer);
    this.#timer = isOn && setTimeout(() => this.#playNext(), PACE / speed());
    const { words } = this.#tape;
    const { play } = this.#parts;
    play.classList.toggle("aa-playing", isOn);
    const label = isOn ? words.pause : words.play;
    setAttributes(play, { "aria-label": label, title: label });
  }

  #playNext() {
    this.#goOn(this.#at + 1);
    this.#move(this.#runs[this.#at], false);
    this.#play(this.#at < this.#end);
  }
}
