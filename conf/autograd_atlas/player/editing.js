/* The fields in which a reader changes the inputs of a figure, made when they are first asked for. */

import { makeDraggable } from "./dragging.js";
import { create, queryAll } from "./elements.js";
import { shareAddress } from "./page.js";

export class Editing {
  #inputs;
  #words;
  #panel;
  #figure;
  #line;
  #onChange;
  #fields = null; // [{box, text}], none where inputs are fixed
  #parts; // elements: result, note, reset, link
  #grabbed = new WeakSet();

  // ``line`` is the element that tells a step; ``onChange`` is called when numbers have changed.
  constructor(inputs, words, { figure, panel, line, onChange }) {
    this.#inputs = inputs;
    this.#words = words;
    this.#figure = figure;
    this.#panel = panel;
    this.#line = line;
    this.#onChange = onChange;
  }

  get isOpen() {
    return this.#fields !== null;
  }

  get hasFields() {
    return Boolean(this.#fields?.length);
  }

  // Makes the fields, or says why there are none.
  open() {
    this.#fields = [];
    const why = this.#inputs.whyFixed();
    if (why) {
      this.#panel.append(create("p", {}, why));
      return;
    }
    const rows = create("div", { className: "aa-inputs" });
    for (const n of this.#inputs.places) {
      this.#inputs.numbersOf(n).forEach((_, i) => rows.append(this.#field(n, i)));
    }
    this.#parts = this.#makeParts();
    const { reset, result, note } = this.#parts;
    this.#panel.append(create("p", {}, this.#words.drag), rows, reset, result, note);
    const recorded = create("p", { className: "aa-original" }, this.#words["words-recorded"]);
    this.#figure.querySelector(".aa-words").firstChild.after(recorded);
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

  #field(n, i) {
    const text = () => this.#inputs.textOf(n, i);
    const handle = create("span", { className: "aa-drag" }, this.#inputs.labelOf(n, i));
    const options = { inputMode: "decimal", autocomplete: "off", value: text() };
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
    this.#makeDraggable(handle, n, i);
    this.#fields.push({ box, text });
    return create("label", {}, handle, box);
  }

  #makeDraggable(handle, n, i) {
    makeDraggable(handle, {
      read: () => this.#inputs.numbersOf(n)[i],
      write: (number) => this.#changeOne(n, i, number),
      end: shareAddress,
    });
  }

  // In a picture, the box of an input that is one number is a handle.
  prepare(picture) {
    if (!this.hasFields || this.#grabbed.has(picture)) return;
    this.#grabbed.add(picture);
    for (const n of this.#inputs.places) {
      const box = picture.elements[`t${n}`];
      if (!box || this.#inputs.numbersOf(n).length > 1) continue;
      box.classList.add("aa-drag");
      this.#makeDraggable(box, n, 0);
    }
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
    const { result, note, reset, link } = this.#parts;
    this.#figure.classList.toggle("aa-edited", isChanged);
    this.#line.ariaLive = typedInto ? "off" : "polite";
    result.hidden = note.hidden = reset.disabled = !isChanged;
    link.replaceChildren(this.#words.link);
    if (isChanged) result.textContent = this.#inputs.results;
    this.#onChange();
    for (const { box, text } of this.#fields) if (box !== typedInto) box.value = text();
  }

  // Says what is wrong with an address.
  complain(lines) {
    for (const line of queryAll(this.#panel, ".aa-wrong")) line.remove();
    this.#panel.prepend(...lines.map((line) => create("p", { className: "aa-wrong" }, line)));
  }
}
