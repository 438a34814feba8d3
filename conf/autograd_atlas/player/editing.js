/* The fields in which a reader changes the inputs of a figure: over the numbers in its pictures, and
   below it for inputs that have too many. */

import { makeDraggable } from "./dragging.js";
import { create, numberAttribute, queryAll } from "./elements.js";
import { layerOf, lay, roomOfText } from "./overlay.js";
import { shareAddress } from "./page.js";
import { filledIn } from "./tape.js";

const MOST_IN_PICTURE = 4; // numbers of a tensor that have a field each
const CHARACTER = 7.3; // as the pictures were drawn with
const AROUND = 3; // pixels of a field on both sides of its number

export class Editing {
  #inputs;
  #words;
  #panel;
  #figure;
  #line;
  #onChange;
  #fields = []; // {box, text, and in a picture: svg, place}
  #parts; // elements: result, note, reset, link
  #isOpen = false;
  #grabbed = new WeakSet();
  #why; // nothing can be changed, or nothing

  // ``line`` is the element that tells a step; ``onChange`` is called when numbers have changed.
  constructor(inputs, words, { figure, panel, line, onChange }) {
    this.#inputs = inputs;
    this.#words = words;
    this.#figure = figure;
    this.#panel = panel;
    this.#line = line;
    this.#onChange = onChange;
    this.#why = inputs.whyFixed();
  }

  get canChange() {
    return !this.#why;
  }

  // Makes the fields below, or says why there are none.
  open() {
    if (this.#isOpen) return;
    this.#isOpen = true;
    if (this.#why) {
      this.#panel.append(create("p", {}, this.#why));
      return;
    }
    const rows = create("div", { className: "aa-inputs" });
    for (const n of this.#inputs.places) {
      const isInPicture = this.#fields.some((field) => field.n === n);
      this.#inputs.numbersOf(n).forEach((_, i) => rows.append(this.#row(n, i, isInPicture)));
    }
    this.#parts = this.#makeParts();
    const { reset, result, note } = this.#parts;
    this.#panel.append(create("p", {}, this.#words.drag), rows, reset, result, note);
    const recorded = create("p", { className: "aa-original" }, this.#words["words-recorded"]);
    this.#figure.querySelector(".aa-words").firstChild.after(recorded);
    this.#tell();
  }

  #makeParts() {
    const words = this.#words;
    const link = create("button", { type: "button" }, words.link);
    link.addEventListener("click", () => {
      shareAddress();
      const copying = navigator.clipboard?.writeText(location.href);
      copying?.then(() => link.replaceChildren(words.copied));
    });
    const reset = create("button", { type: "button", className: "aa-reset" }, words.reset);
    reset.addEventListener("click", () => {
      this.change({});
      shareAddress();
    });
    return {
      link,
      reset,
      note: create("p", {}, link, create("br"), words.edited),
      result: create("p", { className: "aa-result", role: "status" }),
    };
  }

  // -- Fields

  #field(n, i, className) {
    const text = () => this.#inputs.textOf(n, i);
    const options = { className, inputMode: "decimal", autocomplete: "off", value: text() };
    const box = create("input", options);
    box.addEventListener("input", () => {
      const isNumber = box.value.trim() && Number.isFinite(Number(box.value));
      box.setAttribute("aria-invalid", !isNumber);
      if (isNumber) this.#changeOne(n, i, Number(box.value), box);
    });
    box.addEventListener("change", () => {
      box.setAttribute("aria-invalid", false);
      box.value = text();
      shareAddress();
    });
    const field = { n, box, text };
    this.#fields.push(field);
    return field;
  }

  #row(n, i, isInPicture) {
    const handle = create("span", { className: "aa-drag" }, this.#inputs.labelOf(n, i));
    this.#makeDraggable(handle, n, i);
    const { box } = this.#field(n, i, "aa-field");
    return create("label", { className: isInPicture ? "aa-here" : "" }, handle, box);
  }

  #makeDraggable(handle, n, i) {
    makeDraggable(handle, {
      read: () => this.#inputs.numbersOf(n)[i],
      write: (number) => this.#changeOne(n, i, number),
      end: shareAddress,
    });
  }

  // In a picture, each number of a small input is a field, and the box of one number is a handle.
  prepare(picture) {
    if (!this.canChange) return;
    const { svg } = picture;
    if (svg.parentNode.querySelector(":scope > .aa-layer")) layerOf(svg).replaceChildren();
    this.#fields = this.#fields.filter(({ box }) => box.isConnected || !box.matches(".aa-number"));
    for (const n of this.#inputs.places) {
      const box = picture.elements[`t${n}`];
      const count = this.#inputs.numbersOf(n).length;
      if (!box || count > MOST_IN_PICTURE) continue;
      this.#layOver(picture, n, box);
      if (count > 1 || this.#grabbed.has(box)) continue;
      this.#grabbed.add(box);
      box.classList.add("aa-drag");
      this.#makeDraggable(box, n, 0);
    }
  }

  #layOver(picture, n, box) {
    const rows = picture.texts.filter(
      ({ element, quantities }) => box.contains(element) && quantities[0] === `v${n}`,
    );
    const numbers = () => rows.flatMap(({ element }) => numbersIn(element));
    if (numbers().length !== this.#inputs.numbersOf(n).length) return;
    numbers().forEach((_, i) => {
      const field = this.#field(n, i, "aa-field aa-number");
      const name = this.#inputs.labelOf(n, i);
      field.box.setAttribute("aria-label", filledIn(this.#words.field, { name }));
      field.place = () => lay(field.box, picture.svg, numbers()[i]);
      field.place();
    });
  }

  // -- Changing

  change(numbers) {
    this.#inputs.change(numbers);
    this.#update();
  }

  #changeOne(n, i, number, typedInto) {
    this.#inputs.changeOne(n, i, number);
    this.#update(typedInto);
  }

  // Shows what is calculated now. The box that is typed into stays as it is, and while one types, no
  // reader of the screen is told each step's line.
  #update(typedInto) {
    const isChanged = Boolean(this.#inputs.changed);
    this.open();
    if (isChanged) this.#panel.parentNode.open = true;
    this.#figure.classList.toggle("aa-edited", isChanged);
    this.#line.ariaLive = typedInto ? "off" : "polite";
    this.#tell();
    this.#onChange();
    for (const { box, text, place } of this.#fields) {
      if (box !== typedInto) box.value = text();
      place?.();
    }
  }

  // Below the fields, what has come out.
  #tell() {
    const isChanged = Boolean(this.#inputs.changed);
    const { result, note, reset, link } = this.#parts;
    result.hidden = note.hidden = reset.disabled = !isChanged;
    link.replaceChildren(this.#words.link);
    if (isChanged) result.textContent = this.#inputs.results;
  }

  // Says what is wrong with an address.
  complain(lines) {
    for (const line of queryAll(this.#panel, ".aa-wrong")) line.remove();
    this.#panel.prepend(...lines.map((line) => create("p", { className: "aa-wrong" }, line)));
  }
}

// The rooms of the numbers in a text, which may be set closer than it was drawn.
function numbersIn(element) {
  const line = element.closest("text");
  const start = numberAttribute(line, "x");
  const length = line.getAttribute("lengthAdjust") && line.getAttribute("textLength");
  const scale = length ? length / (line.textContent.length * CHARACTER) : 1;
  return [...element.textContent.matchAll(/[^\s[\],=]+/g)].map(
    ({ 0: { length: count }, index }) => {
      const room = roomOfText(element, index);
      const x = start + (room.x - start) * scale - AROUND;
      return { ...room, x, width: count * CHARACTER * scale + 2 * AROUND };
    },
  );
}
