/* Lays elements of HTML over a picture, each over a place in it: they scale and scroll with it, and
   so does their text.

   A room is {x, y, width, height} in the picture's own units. */

const CHARACTER = 7.3; // as the pictures were drawn with
const LINE = 16;
const ASCENT = 12; // from the top of a line to where its letters stand

const number = (element, name) => Number(element.getAttribute(name));

// The room of a rectangle of a picture.
export const roomOf = (rectangle) =>
  Object.fromEntries(["x", "y", "width", "height"].map((name) => [name, number(rectangle, name)]));

// The room of a text, or of a part of one, from one of its characters on; also where the picture is not
// shown, and has no layout.
export function roomOfText(element, from = 0) {
  const text = element.closest("text");
  let before = from;
  for (let each = element; each !== text; each = each.previousElementSibling ?? text) {
    if (each !== element) before += each.textContent.length;
  }
  const length = element.textContent.length - from;
  return {
    x: number(text, "x") + before * CHARACTER,
    y: number(text, "y") - ASCENT,
    width: length * CHARACTER,
    height: LINE,
  };
}

// The layer over a picture, which stays where it is if another picture is put into its place.
export function layerOf(svg) {
  const around = svg.parentNode;
  const there = around.querySelector(":scope > .aa-layer");
  if (there) return there;
  const layer = document.createElement("div");
  const wrapper = document.createElement("div");
  layer.className = "aa-layer";
  wrapper.className = "aa-overlaid";
  Object.assign(wrapper.style, { position: "relative", width: "fit-content" });
  Object.assign(layer.style, {
    position: "absolute",
    inset: 0,
    containerType: "size", // so that the size of text can follow the picture's
    pointerEvents: "none",
  });
  svg.before(wrapper);
  wrapper.append(svg, layer);
  return layer;
}

// Lays an element over a room of a picture; `fontSize` is in the picture's units.
export function lay(element, svg, room, fontSize = 12) {
  const { width, height } = svg.viewBox.baseVal;
  const percent = (length, whole) => `${(100 * length) / whole}%`;
  Object.assign(element.style, {
    position: "absolute",
    left: percent(room.x, width),
    top: percent(room.y, height),
    width: percent(room.width, width),
    height: percent(room.height, height),
    boxSizing: "border-box",
    fontSize: `${(100 * fontSize) / width}cqw`,
    pointerEvents: "auto",
  });
  const layer = layerOf(svg);
  if (element.parentNode !== layer) layer.append(element); // or it would lose the focus
  return element;
}
