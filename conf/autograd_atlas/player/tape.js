/* What a figure holds to be played, as tape.py and unfolding.py stored it: steps, words, what the
   texts of its pictures are about, and its folded blocks. */

import { NEXT, unfolded, unpacked } from "./unfolding.js";

// Words with what belongs in the place of each {name}.
export const filledIn = (words, values) => words.replace(/\{(\w+)\}/g, (_, name) => values[name]);

export class Tape {
  #stored;
  #unfolded = null;
  #sentTo = new Map(); // by quantity that arrives: the quantities that are sent there
  #appears = {}; // by key of what is drawn: the step with which it appears, forward
  #arrives = {}; // by quantity: the step with which it is known, backward

  constructor(stored) {
    this.#stored = stored;
    this.words = stored.say;
    this.graph = stored.graph; // nothing where no page can calculate it anew;
    this.fixed = stored.fixed; // then this says why
    const lines = unpacked(stored.lines).split(NEXT);
    this.steps = stored.steps.map((step, n) => ({ ...step, line: lines[n], code: step.line }));
    this.last = this.steps.length - 1;
    this.steps.forEach(({ on, then }, n) => {
      if (!then) for (const key of on) this.#appears[key] ??= n;
      for (const name of then || []) this.#arrives[name] ??= n;
    });
    (this.graph?.edges || []).forEach(([, node, output], n) => {
      const name = `r${node}.${output}`;
      if (!this.#arrives[`e${n}`]) return;
      if (!this.#sentTo.has(name)) this.#sentTo.set(name, []);
      this.#sentTo.get(name).push(`e${n}`);
    });
  }

  // The step with which what is drawn for a key appears; 0 if it is there from the start.
  appears(key) {
    return this.#appears[key] || 0;
  }

  // The step with which the last of these quantities is known.
  arrives(names) {
    return Math.max(...names.map((name) => this.#arrives[name] || 0));
  }

  // For a gradient that arrives along several edges, or one: as [step, quantities that add up to what
  // has arrived by then], step by step. Nothing where only the whole is known.
  partsOf(name) {
    if (!this.graph) return null;
    const { known, roots } = this.graph;
    const sent = this.#sentTo.get(name);
    if (!sent?.every((each) => known[each]) || !known[name]) return null;
    if (roots.some(([node, output]) => name === `r${node}.${output}`)) return null;
    const steps = [...new Set(sent.map((each) => this.#arrives[each]))].sort((a, b) => a - b);
    return steps.map((step, n) => [
      step,
      n === steps.length - 1 ? [name] : sent.filter((each) => this.#arrives[each] <= step),
    ]);
  }

  // The line of code of the step with which a key appears, if there is one.
  codeOf(key) {
    return this.#appears[key] && this.steps[this.#appears[key]].code;
  }

  // What appears with a line of code.
  keysOf(code) {
    return this.steps.filter((step) => step.code === code && !step.then).flatMap(({ on }) => on);
  }

  // By key, what the texts of a picture are about; and of its labels, in their order.
  textsOf(picture) {
    return this.#stored.pictures[picture];
  }

  // The block that is drawn in a key's stead, in a picture that draws these keys.
  blockAround(key, elements) {
    const { items = {}, blocks } = this.#stored;
    let block = items[key];
    while (block >= 0 && !elements[`b${block}`]) block = blocks[block] ?? -1;
    return `b${block}`;
  }

  // Keys, and those of the blocks around them, one of which stands for each in a picture.
  withBlocks(keys) {
    const { items = {}, blocks } = this.#stored;
    const all = new Set(keys);
    for (const key of keys) {
      for (let block = items[key]; block >= 0; block = blocks[block] ?? -1) all.add(`b${block}`);
    }
    return all;
  }

  // The folded block that a step is in, in a picture that draws these keys; empty if it is in none, and
  // nothing if the picture shows nothing of the step.
  foldedAt({ on }, elements) {
    for (const key of on.filter((each) => /^[cnt]/.test(each))) {
      if (elements[key]) return "";
      const block = this.blockAround(key, elements);
      if (elements[block]) return block;
    }
    return null;
  }

  // For each folded block of a picture that draws these keys, the first step of what is in it.
  blocksAppear(elements) {
    const first = {};
    for (const key in this.#stored.items) {
      if (!/^[cn]/.test(key)) continue;
      const block = this.blockAround(key, elements);
      first[block] = Math.min(first[block] ?? this.last, this.appears(key));
    }
    return first;
  }

  // The picture in which the block that a name ends with is folded; nothing if it is no such name.
  parentOf(picture) {
    return this.#stored.unfolded?.parents[picture];
  }

  // The name of the picture to go to when a block is opened or closed in this one; empty if none.
  pictureAfter(picture, block) {
    const [base] = picture.split("/");
    const open = `${base}/${block}`;
    for (let name = picture; this.parentOf(name); name = this.parentOf(name)) {
      if (name === open) return this.parentOf(name);
    }
    return this.parentOf(open) ? open : "";
  }

  // Markup and title of a picture with one more block open.
  unfolded(picture) {
    this.#unfolded ??= unfolded(this.#stored.unfolded);
    return this.#unfolded(picture);
  }
}
