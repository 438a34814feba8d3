/* Lights up what stands for keys, in all pictures of a figure, and lines of code. */

export class Lights {
  #tape;
  #pictures;
  #lines;
  #lit = {}; // by class: elements

  constructor(tape, pictures, lines) {
    this.#tape = tape;
    this.#pictures = pictures;
    this.#lines = lines;
  }

  // Only these have the class from now on.
  show(className, keys, codes = []) {
    for (const element of this.#lit[className] || []) element.classList.remove(className);
    const standing = this.#tape.withBlocks(keys);
    const lit = codes.map((code) => this.#lines.get(code)).filter(Boolean);
    for (const { elements } of this.#pictures) {
      for (const key in elements) if (standing.has(key)) lit.push(elements[key]);
    }
    this.#lit[className] = lit;
    for (const element of this.#lit[className]) element.classList.add(className);
  }
}
