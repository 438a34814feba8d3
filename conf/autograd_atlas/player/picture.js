/* A picture on the page: its elements by key, and its texts, each with what it is about. */

import { numberAttribute, queryAll, setAttributes } from "./elements.js";

// As the pictures were drawn with.
const CHARACTER = 7.3; // pixels that a character of a text is wide
const SMALLEST = 11 / 12 / 1.5; // of its own width, to which a picture shrinks
const TIGHTEST = 0.62; // of its own width, to which a text may be set closer
const PADDING = 14; // pixels beside the texts of a box
const OVERHANG = 14; // pixels by which a changed label may be longer than it was
const MOST_DIGITS = 4;
const NORM = -1; // the row of a text that is no row of its quantity

export class Picture {
  #prefix;
  #originalTitle;

  constructor(svg, name, tape) {
    this.svg = svg;
    this.name = name;
    this.elements = {};
    this.texts = [];
    this.sent = {}; // by key of a wire: the label of what was sent along it
    this.title = svg.querySelector("title");
    this.#prefix = Picture.prefixOf(svg);
    this.#originalTitle = this.title.textContent;
    for (const element of queryAll(svg, "[id]")) {
      this.elements[element.id.slice(this.#prefix.length)] = element;
    }
    const { texts, labels } = tape.textsOf(name);
    for (const key in texts) this.#addTexts(this.elements[key], texts[key]);
    this.#addLabels(labels);
    for (const marker of queryAll(svg, "marker")) {
      marker.setAttribute("markerUnits", "userSpaceOnUse");
    }
  }

  static prefixOf(svg) {
    return svg.getAttribute("aria-labelledby").slice(0, -1); // the id of its title, which is "t"
  }

  get scroller() {
    return this.svg.closest(".aa-scroll");
  }

  // The key of what an element of this picture is, or of the block whose frame it is.
  keyOf(element) {
    return element.dataset.block || element.id.slice(this.#prefix.length);
  }

  // The name of a folded block.
  titleOf(block) {
    return this.elements[block].querySelector("title").textContent.replaceAll("`", "ˋ");
  }

  // -- Texts

  #addTexts(box, abouts) {
    const room = numberAttribute(box.querySelector("rect:not(.op)"), "width") - PADDING;
    const spans = queryAll(box, "text:not(.sym)").flatMap((text) =>
      text.children.length ? [...text.children] : [text],
    );
    abouts.forEach((about, n) => {
      const [quantity, row] = about.split(":");
      if (about) this.#addText(spans[n], [quantity], Number(row), room);
    });
  }

  #addLabels(labels) {
    const elements = [...this.svg.children].filter((child) => child.matches("text"));
    for (const [key, kinds, edges] of labels) {
      for (const kind of kinds) {
        const element = elements.shift();
        const room = element.textContent.length * CHARACTER + OVERHANG;
        if (kind === "e") this.sent[key] = element;
        this.#addText(
          element,
          edges.map((edge) => kind + edge),
          element.textContent.includes("|") ? NORM : 0,
          room,
        );
      }
    }
  }

  #addText(element, quantities, row, room) {
    const line = element.closest("text");
    const length = line.getAttribute("textLength");
    this.texts.push({
      element,
      line,
      quantities,
      row,
      room,
      original: element.textContent,
      length,
    });
  }

  // Writes the numbers into the texts that the reader's inputs give, or those that PyTorch gave.
  write(inputs) {
    this.title.textContent = inputs.changed ? inputs.results : this.#originalTitle;
    if (inputs.canChange) for (const text of this.texts) writeText(text, inputs, text.quantities);
  }

  // -- Size

  // The page grows with a picture; only sideways does the picture scroll in itself.
  scale(factor) {
    const own = numberAttribute(this.svg, "width");
    const width = factor * Math.min(own, Math.max(this.scroller.clientWidth, SMALLEST * own));
    this.svg.parentNode.style.maxWidth = this.svg.style.maxWidth = factor === 1 ? "" : "none";
    this.svg.style.width = factor === 1 ? "" : `${width}px`;
  }

  // Puts this picture into the place of another one.
  replace(other) {
    const least = other.scroller.querySelector(".aa-least"); // which keeps the smallest width
    least.setAttribute("width", (numberAttribute(this.svg, "width") * SMALLEST).toFixed(0));
    other.svg.replaceWith(this.svg);
  }

  // Scrolls until what stands for a block is where it was on the screen; or near it, where it is seen.
  keepInPlace(door, before) {
    const anchor = anchorOf(door);
    const now = anchor.getBoundingClientRect();
    const behavior = "instant";
    this.scroller.scrollLeft += now.left - before.left;
    window.scrollBy({ top: now.top - before.top, behavior });
    anchor.scrollIntoView({ block: "nearest", inline: "nearest", behavior });
  }

  // Scrolls sideways, never the page, to what a step lights up.
  follow() {
    const { scroller } = this;
    if (scroller.closest("details:not([open])")) return; // whose layout would be made for this
    const lit = scroller.scrollWidth > scroller.clientWidth && this.svg.querySelector("g.aa-now");
    if (!lit) return;
    const target = lit.getBoundingClientRect();
    const shown = scroller.getBoundingClientRect();
    if (target.left < shown.left || target.right > shown.right) {
      scroller.scrollLeft += (target.left + target.right - shown.left - shown.right) / 2;
    }
  }
}

// The part of a door that stays, whether it is open: its upper left corner.
export const anchorOf = (door) => door.querySelector(".hit") || door.querySelector("rect");

// A new number may be longer than its box was made for: it has fewer decimals, and is set closer, as
// long as one can read it.
// It may tell other quantities than at the end: what has arrived so far.
export function writeText(text, inputs, quantities) {
  const { element, line, row, room, original, length } = text;
  const isOther = inputs.changed || quantities !== text.quantities;
  const width = () => line.textContent.length * CHARACTER;
  element.textContent = original;
  if (isOther) {
    const [head] = /^(.*[∇←∂=] | *)/.exec(original);
    let digits = MOST_DIGITS;
    do element.textContent = head + inputs.rowText(quantities, row, digits--);
    while (digits >= 0 && width() * TIGHTEST > room);
  }
  const isTight = isOther && width() > room;
  setAttributes(line, {
    textLength: isTight ? room : length && (isOther ? width() : length),
    lengthAdjust: isTight && "spacingAndGlyphs",
  });
}
