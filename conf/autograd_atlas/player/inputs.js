/* The inputs of a graph, those that a reader has changed, and what is calculated from them. */

import { calculate, difference } from "./calculation.js";
import { numberText, rowTexts, valueText } from "./numbers.js";
import { filledIn } from "./tape.js";
import { sum, tensor } from "./tensors.js";

const MOST_TRAVELLING = 12; // characters of a value on its way along a wire

// Where in a tensor of this shape its number i stands.
function indicesOf(shape, i) {
  const after = (k) => shape.slice(k + 1).reduce((a, b) => a * b, 1);
  return shape.map((d, k) => Math.floor(i / after(k)) % d);
}

const numberIn = (text) => (text.trim() ? Number(text) : NaN);

export class Inputs {
  #graph;
  #words;
  #quantities = null; // by name, what was calculated

  constructor({ graph, words, fixed }) {
    this.#graph = graph;
    this.#words = words;
    this.fixed = fixed;
    this.changed = null; // {0: numbers, …} by the places of tensors, or null
    this.results = ""; // a sentence, if something was changed
  }

  get canChange() {
    return Boolean(this.#graph);
  }

  // The places of the tensors that are inputs.
  get places() {
    const { tensors } = this.#graph;
    return [...tensors.keys()].filter((n) => tensors[n].input);
  }

  nameOf(n) {
    return this.#graph.tensors[n].name || filledIn(this.#words.unnamed, { n: n + 1 });
  }

  // Of one number of an input.
  labelOf(n, i) {
    const [shape, numbers] = this.#graph.known[`v${n}`];
    return numbers.length > 1
      ? `${this.nameOf(n)}[${indicesOf(shape, i).join(", ")}]`
      : this.nameOf(n);
  }

  // In an address, where several inputs may have one name.
  sharedNameOf(n) {
    const { tensors } = this.#graph;
    const isNamesake = ({ input, name }) => input && name === tensors[n].name;
    return tensors.filter(isNamesake).length > 1 ? `~${n}` : this.nameOf(n);
  }

  numbersOf(n) {
    return this.changed?.[n] || this.#graph.known[`v${n}`][1].map(Number);
  }

  textOf(n, i) {
    return String(Number(this.numbersOf(n)[i].toPrecision(this.#graph.single ? 7 : 15)));
  }

  // Why nothing can be changed here, or nothing.
  whyFixed() {
    if (this.fixed) return this.fixed;
    const because = (reason, name) =>
      filledIn(this.#words.fixed, { why: filledIn(this.#words[reason], { name }) });
    try {
      const quantity = difference(this.#graph, calculate(this.#graph, {}));
      return quantity ? because("why-differs", this.#whereIs(quantity)) : "";
    } catch (problem) {
      return because("why-operation", problem.unknown || problem.message);
    }
  }

  // The tensor or the node that a quantity belongs to.
  #whereIs(quantity) {
    const { nodes, edges } = this.#graph;
    const [kind] = quantity;
    const place = parseInt(quantity.slice(1), 10);
    if (kind === "v") return this.nameOf(place);
    return nodes[kind === "e" || kind === "d" ? edges[place][0] : place];
  }

  // -- Changed

  // Takes other numbers for some inputs; for none, PyTorch's stand again.
  change(numbers) {
    this.changed = Object.keys(numbers).length ? numbers : null;
    this.#quantities = this.changed && calculate(this.#graph, numbers);
    this.results = this.changed
      ? this.#words["after-all"] + this.#resultTexts().join(this.#words.comma)
      : "";
  }

  changeOne(n, i, number) {
    this.change({ ...this.changed, [n]: this.numbersOf(n).with(i, number) });
  }

  // What the roots and the gradients of named leaves are now.
  #resultTexts() {
    const quantities = this.#quantities;
    const results = this.#graph.roots.map(
      ([, , n]) => `${this.nameOf(n)} = ${valueText(quantities[`v${n}`])}`,
    );
    for (const { name, at } of this.#graph.tensors) {
      const gradient = name && at && quantities[`g${at[0]}`];
      if (gradient) results.push(`${name}.grad = ${valueText(gradient)}`);
    }
    return [...new Set(results)];
  }

  // What a quantity is now, if that is known.
  valueOf(name) {
    const known = this.#graph?.known[name];
    return this.#quantities?.[name] ?? (known && tensor(known[0], known[1].map(Number)));
  }

  // The value of what a call was given, in few characters; its shape if it has too many, and nothing
  // where it is not known.
  givenText(call, place) {
    const given = this.#graph?.calls[call].given[place];
    if (Array.isArray(given)) return numberText(Number(given[0]));
    const value = given === undefined ? null : this.valueOf(`v${given}`);
    if (!value) return "";
    const text = valueText(value, this.#typeOf(`v${given}`));
    return text.length <= MOST_TRAVELLING ? text : value.shape.join("×");
  }

  // A row of what a text is about: one quantity, or the sum of those that came along several edges.
  rowText(names, row, digits) {
    const values = names.map((name) => this.valueOf(name));
    if (!values.every(Boolean)) return "…";
    const numbers = values[0].numbers.map((_, i) => sum(values.map((value) => value.numbers[i])));
    return rowTexts(tensor(values[0].shape, numbers), digits, this.#typeOf(names[0]))[row] ?? "…";
  }

  // A line of the tape, with the numbers that are calculated in the place of those in its marks.
  filled(line) {
    return line.replace(/\ue000([^\ue001]*)\ue001([^\ue002]*)\ue002/g, (_, name, original) => {
      const value = this.#quantities?.[name];
      return value ? valueText(value, this.#typeOf(name)) : original;
    });
  }

  // The type of a quantity that is no float.
  #typeOf(name) {
    return this.#graph.known[name]?.[2];
  }

  // -- In an address

  // The numbers for inputs that an address holds as [name, text], and what is wrong with others.
  read(pairs) {
    const numbers = {};
    const wrong = [];
    for (const [name, text = ""] of pairs) {
      const n = this.places.find((place) => this.sharedNameOf(place) === name);
      const typed = text.split(",").map(numberIn);
      if (n === undefined) {
        wrong.push(filledIn(this.#words["no-input"], { name }));
      } else if (typed.length !== this.numbersOf(n).length || !typed.every(Number.isFinite)) {
        wrong.push(filledIn(this.#words["not-a-number"], { name, text }));
      } else numbers[n] = typed;
    }
    return { numbers, wrong };
  }

  // As pairs of [name, text] for an address.
  written() {
    return Object.entries(this.changed).map(([n, numbers]) => [
      this.sharedNameOf(Number(n)),
      numbers.join(","),
    ]);
  }
}
