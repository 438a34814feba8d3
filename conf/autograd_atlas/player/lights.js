/* Lights up what stands for keys, in all pictures of a figure, and lines of code. */

export class Lights {
  #pictures;
  #lines;
  #lit = {}; // by class: elements

  constructor(pictures, lines) {
    this.#pictures = pictures;
    this.#lines = lines;
  }

  // Only these have the class from now on.
  show(className, keys, codes = []) {
    for (const element of this.#lit[className] || []) element.classList.remove(className);
    const elements = this.#pictures.flatMap((picture) =>
      keys.map((key) => picture.elementFor(key)),
    );
    const lines = codes.map((code) => this.#lines.get(code));
    this.#lit[className] = [...new Set([...elements, ...lines])].filter(Boolean);
    for (const element of this.#lit[className]) element.classList.add(className);
  }
}
