/* Numbers that travel along the wires of a picture while a step is shown: forward to the right,
   backward to the left. They lie on top of a picture that shows the step already, so that nobody who
   sees or hears no movement waits for it. */

const LENGTH = 700; // milliseconds on the way
const PARTS = 16; // of a way
const DIM = 0.22; // how a box looks before its step
const DOT = "●"; // travels where a number is not known, or too long

const isStill = matchMedia("(prefers-reduced-motion: reduce)");

const drawn = (name) => document.createElementNS("http://www.w3.org/2000/svg", name);

export class Travel {
  #layer = null;
  #movements = [];

  // Ends what moves.
  end() {
    for (const movement of this.#movements) movement.cancel();
    this.#movements = [];
    this.#layer?.remove();
    this.#layer = null;
  }

  // Moves texts along wires of a picture, each as [path, text]: from the left, or backward from the
  // right; and lets what arrives appear when they have arrived.
  start(picture, along, { isBackward, arriving, speed }) {
    this.end();
    if (isStill.matches || document.hidden || !along.length) return;
    this.#layer = drawn("g");
    this.#layer.setAttribute("class", "aa-travel");
    this.#layer.setAttribute("aria-hidden", true);
    picture.svg.append(this.#layer);
    const duration = LENGTH / speed;
    const options = { duration, easing: "ease-in-out" };
    for (const [path, text] of along) {
      const moving = drawn("text");
      moving.textContent = text || DOT;
      if (isBackward) moving.setAttribute("class", "aa-returning");
      this.#layer.append(moving);
      this.#movements.push(moving.animate(placesAlong(path, isBackward), options));
    }
    this.#movements[0].onfinish = () => this.end();
    for (const element of arriving) {
      const before = element.matches("g") ? DIM : 0;
      const frames = { opacity: [before, before, 1], offset: [0, 0.8, 1] };
      this.#movements.push(element.animate(frames, duration));
    }
  }
}

function placesAlong(path, isBackward) {
  const length = path.getTotalLength();
  return Array.from({ length: PARTS + 1 }, (_, n) => {
    const part = isBackward ? PARTS - n : n;
    const { x, y } = path.getPointAtLength((length * part) / PARTS);
    return { transform: `translate(${x}px, ${y + 4}px)` };
  });
}
