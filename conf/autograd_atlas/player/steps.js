/* Steps forward and backward through the tape of a figure, by itself if asked to. */

import { create, queryAll, setAttributes } from "./elements.js";
import { restAll } from "./page.js";
import { filledIn } from "./tape.js";

const PACE = 1000; // milliseconds that a step stays,
const READING = 35; // and for each character of its line

export class Steps {
  #tape;
  #pictures;
  #lights;
  #inputs;
  #parts; // elements: scrubber, line, play
  #changes = []; // by step: [element, class that it has before this step]
  #timer = 0;
  #isTouched = false; // before that, nothing is lit up, nor scrolled

  constructor(tape, { pictures, lights, inputs, scrubber, line, play }) {
    this.#tape = tape;
    this.#pictures = pictures;
    this.#lights = lights;
    this.#inputs = inputs;
    this.#parts = { scrubber, line, play };
    this.now = tape.last;
  }

  // -- Showing

  // Finds anew what each step changes, after a picture or a number is another one.
  refresh() {
    this.#changes = this.#tape.steps.map(() => []);
    for (const picture of this.#pictures) {
      this.#addTags(picture);
      this.#addElements(picture);
      for (const { element, quantities } of picture.texts) {
        this.#add(element, this.#tape.arrives(quantities));
      }
      picture.write(this.#inputs);
    }
    this.#show(this.now);
  }

  #add(element, step, className = "aa-off") {
    if (step) this.#changes[step].push([element, className]);
    element.classList.toggle(className, step > this.now);
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

  #show(step) {
    while (this.now < step) this.#toggle(++this.now, false);
    while (this.now > step) this.#toggle(this.now--, true);
    const { on, code } = this.#tape.steps[step];
    this.#lights.show("aa-now", this.#isTouched ? on : [], this.#isTouched && code);
    if (this.#isTouched) for (const picture of this.#pictures) picture.follow();
    const { scrubber, line } = this.#parts;
    scrubber.value = step;
    scrubber.setAttribute("aria-valuetext", `${step} / ${this.#tape.last}`);
    const parts = this.#words().split("`");
    line.replaceChildren(...parts.map((part, n) => (n % 2 ? create("code", {}, part) : part)));
  }

  #toggle(step, isBefore) {
    for (const [element, className] of this.#changes[step]) {
      element.classList.toggle(className, isBefore);
    }
  }

  // The line that tells the step.
  #words() {
    const { words, steps, last } = this.#tape;
    const { line, then } = steps[this.now];
    const kind = this.now ? (then ? "at-backward" : "at-forward") : "at";
    const place = filledIn(words[kind], { n: this.now, all: last });
    return place + (this.#inputs.changed ? words.yours : "") + this.#inputs.filled(line);
  }

  // -- Going

  go(step) {
    this.#play(false);
    this.#touch();
    this.#show(Math.max(0, Math.min(this.#tape.last, step)));
  }

  // Plays from here on, from the start if this is the end, or pauses.
  playOrPause() {
    const isStart = !this.#timer;
    if (isStart && this.now === this.#tape.last) this.go(0);
    this.#touch();
    this.#play(isStart);
  }

  // Nothing is lit up any more: a reader has gone on to another figure.
  rest() {
    this.#lights.show("aa-now", []);
  }

  #touch() {
    restAll();
    this.#isTouched = true;
  }

  #play(isOn) {
    clearTimeout(this.#timer);
    const time = PACE + READING * this.#parts.line.textContent.length;
    this.#timer = isOn && setTimeout(() => this.#playNext(), time);
    const { words } = this.#tape;
    const { play } = this.#parts;
    play.classList.toggle("aa-playing", isOn);
    const label = isOn ? words.pause : words.play;
    setAttributes(play, { "aria-label": label, title: label });
  }

  #playNext() {
    this.#show(this.now + 1);
    this.#play(this.now < this.#tape.last);
  }
}
