/* A number that follows the pointer sideways; up and down still scroll the page. */

const PIXELS = 4; // for one unit
const DIGITS = 7;

// The number that one has dragged it to: a unit is a tenth of its order of magnitude.
export function dragged(number, pixels) {
  const magnitude = Math.floor(Math.log10(Math.max(Math.abs(number), 1)));
  const unit = 10 ** magnitude / 10;
  return Number((number + Math.round(pixels / PIXELS) * unit).toPrecision(DIGITS));
}

// ``read`` gives the number, ``write`` takes another one, ``end`` is called at the end.
export function makeDraggable(handle, { read, write, end }) {
  let start = null;
  handle.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    start = { x: event.clientX, number: read() };
    handle.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  handle.addEventListener("pointermove", (event) => {
    if (start) write(dragged(start.number, event.clientX - start.x));
  });
  handle.addEventListener("lostpointercapture", () => {
    start = null;
    end();
  });
}
