/* Opens and closes folded blocks in place: a picture is exchanged for one with a block more, or less,
   open. */

import { create, queryAll, setAttributes } from "./elements.js";
import { Picture } from "./picture.js";

export class Blocks {
  #tape;
  #pictures; // those that are shown; one is exchanged in its place
  #byName;
  #prepared = new WeakSet();

  constructor(tape, pictures) {
    this.#tape = tape;
    this.#pictures = pictures;
    this.#byName = new Map(pictures.map((picture) => [picture.name, picture]));
  }

  // Makes buttons of the blocks that open or close.
  prepare(picture) {
    if (this.#prepared.has(picture)) return;
    this.#prepared.add(picture);
    const { svg, name } = picture;
    const doors = queryAll(svg, "[data-block], g.block").filter((element) =>
      this.#tape.pictureAfter(name, picture.keyOf(element)),
    );
    if (!doors.length) return;
    svg.setAttribute("role", "group");
    for (const child of svg.children) {
      if (child.localName !== "title" && !doors.includes(child)) {
        child.setAttribute("aria-hidden", true);
      }
    }
    for (const door of doors) {
      door.classList.add("aa-door");
      const isOpen = door.matches(".frame");
      setAttributes(door, { role: "button", tabindex: 0, "aria-expanded": `${isOpen}` });
    }
  }

  // Exchanges the picture of a door; gives the new one, and its door for the same block, if any.
  toggle(door) {
    const place = this.#pictures.findIndex(({ svg }) => svg.contains(door));
    const before = this.#pictures[place];
    const key = before.keyOf(door);
    const picture = this.#named(this.#tape.pictureAfter(before.name, key));
    picture.replace(before);
    this.#pictures[place] = picture;
    this.prepare(picture);
    const doors = queryAll(picture.svg, ".aa-door");
    return { picture, door: doors.find((element) => picture.keyOf(element) === key) };
  }

  #named(name) {
    if (!this.#byName.has(name)) this.#byName.set(name, this.#drawn(name));
    return this.#byName.get(name);
  }

  #drawn(name) {
    const [innerHTML, title] = this.#tape.unfolded(name);
    const svg = create("template", { innerHTML }).content.firstChild;
    svg.firstChild.textContent = title;
    return new Picture(svg, name, this.#tape);
  }
}
