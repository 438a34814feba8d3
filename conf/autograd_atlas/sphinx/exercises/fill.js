/* Numbers are typed into the empty boxes of a picture, in any order. Each is told right or wrong; what
   is wrong is looked for on the way: in an earlier box first, then in what one may have mistaken. */

import { calculate, difference } from "../../player/calculation.js";
import { create } from "../../player/elements.js";
import { lay, roomOf } from "../../player/overlay.js";
import { isAccepted, numberIn, parts, replyTo } from "./answers.mjs";
import { filled } from "./filled.js";

const SIGN = 12; // the width of ✓ and ✗ in a box

class Box {
  #field;
  #sign = create("span", { className: "aa-sign", ariaHidden: true });

  constructor(blank, svg, words) {
    const room = roomOf(svg.querySelector(`[data-of="${blank.quantity}"]`));
    const [kind, name] = blank.label;
    this.blank = blank;
    this.#field = create("input", {
      className: "aa-blank",
      ariaLabel: filled(words[kind], { values: { name } }),
      autocomplete: "off",
      autocapitalize: "off",
      spellcheck: false,
    });
    this.#field.addEventListener("input", () => this.#tell("", null));
    lay(this.#field, svg, room);
    lay(this.#sign, svg, { ...room, x: room.x + room.width - SIGN, width: SIGN });
    this.#sign.style.pointerEvents = "none";
  }

  onChange(listener) {
    this.#field.addEventListener("change", listener);
  }

  get typed() {
    return this.#field.value.trim();
  }

  get given() {
    return parts(this.typed);
  }

  get reply() {
    return replyTo(this.given, this.blank.wanted);
  }

  get isWrong() {
    return !["right", "empty"].includes(this.reply);
  }

  get isWrongNumber() {
    return ["sign", "wrong"].includes(this.reply);
  }

  mark() {
    if (this.reply === "empty") this.#tell("", null);
    else this.#tell(this.isWrong ? "✗" : "✓", `${this.isWrong}`);
  }

  #tell(sign, isInvalid) {
    this.#sign.textContent = sign;
    this.#field.ariaInvalid = isInvalid;
  }
}

// The graph, if this page calculates the same numbers as PyTorch on it.
function calculable(graph) {
  try {
    return graph && difference(graph, calculate(graph, {})) === null ? graph : null;
  } catch {
    return null; // an operation that it does not know
  }
}

// An earlier box that is wrong, and because of which this one is: {reply, box}, or nothing. It is asked
// first what would follow from each alone.
function cause(box, wrong, graph) {
  if (!graph) return wrong.length ? { reply: "earlier", box: wrong[0] } : null;
  const after = (boxes) => {
    const said = boxes.map(({ blank, given }) => [blank.quantity, [numberIn(given[0])]]);
    const { numbers } = calculate(graph, {}, Object.fromEntries(said))[box.blank.quantity];
    return [String(numbers[0])];
  };
  const only = wrong.find((each) => isAccepted(box.given, after([each])));
  if (only) return { reply: "follows", box: only };
  const having = wrong.filter((each) => !isAccepted(after([each]), box.blank.wanted));
  if (!having.length) return null;
  const isAll = isAccepted(box.given, after(having));
  return { reply: isAll ? "follows" : "earlier", box: having[0] };
}

export function fill(form, blanks, known) {
  const picture = form.closest(".aa-exercise").querySelector(".aa-asked");
  const svg = picture.querySelector("svg[role]");
  const graph = calculable(JSON.parse(picture.dataset.graph));
  const words = JSON.parse(form.dataset.say);
  const boxes = blanks.map((blank) => new Box(blank, svg, words));
  const mistakes = known.map(({ item, typed }) => {
    const [name, number] = typed.split("=");
    return { item, name: name.trim(), number: parts(number) };
  });
  let last; // that was typed into
  for (const box of boxes) {
    box.onChange(() => {
      last = box;
      form.requestSubmit();
    });
  }
  form.prepend(picture);

  function replyToBox(box) {
    const { blank, given, typed, reply } = box;
    const values = { name: blank.name, typed, source: blank.source };
    const isMeant = ({ name, number }) => name === blank.name && isAccepted(given, number);
    const mistake = mistakes.find(isMeant);
    if (mistake) return { item: mistake.item };
    if (!box.isWrongNumber) return { reply: "number", values };
    const earlier = boxes.slice(0, boxes.indexOf(box)).filter((each) => each.isWrongNumber);
    const because = cause(box, earlier, graph);
    if (because) {
      const { blank: first, typed: instead } = because.box;
      return { reply: because.reply, values: { ...values, earlier: first.name, typed: instead } };
    }
    if (reply === "sign") return { reply, values };
    const taken = blank.mistakes.find(([number]) => isAccepted(given, number));
    return { reply: taken ? taken[1] : blank.other, values };
  }

  return () => {
    for (const box of boxes) box.mark();
    const wrong = boxes.filter(({ isWrong }) => isWrong);
    if (wrong.length && last?.reply === "right") {
      const values = { name: last.blank.name, wrong: wrong[0].blank.name };
      return { reply: "still", values };
    }
    if (wrong.length) return replyToBox(wrong.includes(last) ? last : wrong[0]);
    const right = boxes.filter(({ reply }) => reply === "right").length;
    if (right === boxes.length) return { reply: "right" };
    return { reply: right ? "some" : "empty", values: { right, all: boxes.length } };
  };
}
