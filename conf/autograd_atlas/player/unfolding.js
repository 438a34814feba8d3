/* Reads what unfolding.py and packing.py store: texts with pairs in the place of what has been there
   before, and pictures with steps in the place of positions. */

export const NEXT = "\ue003"; // stands between texts that were packed together

export function unpacked([size, ...parts]) {
  const units = new Uint16Array(size);
  let end = 0;
  for (const part of parts) {
    if (typeof part === "string") {
      for (let i = 0; i < part.length; i++) units[end++] = part.charCodeAt(i);
    } else {
      const [back, count] = part;
      units.copyWithin(end, end - back, end - back + count);
      end += count;
    }
  }
  return new TextDecoder("utf-16le").decode(units);
}

const STEP = /( (?:id|data-block)='[a-z])(-?\d+)| ([xy])='(-?\d+)| d='M(-?\d+) (-?\d+)/g;

// A picture whose ids begin with the prefix, and all of whose positions are its own.
function placed(svg, prefix) {
  const last = { id: 0, x: 0, y: 0 };
  const next = (kind, step) => (last[kind] += Number(step));
  const position = (axis, step) => next(axis, step) / 10;
  return svg
    .replace(STEP, (_, id, idStep, axis, step, xStep, yStep) => {
      if (id) return id + next("id", idStep);
      if (axis) return ` ${axis}='${position(axis, step)}`;
      return ` d='M${position("x", xStep)} ${position("y", yStep)}`;
    })
    .replace(/ id='|by='|='url\(#/g, (before) => before + prefix);
}

// Gives markup and title of a picture, by its name; what follows a slash is not part of its ids.
export function unfolded({ parents, drawn, titles }) {
  const names = Object.keys(parents);
  const pictures = unpacked(drawn).split(/(?=<svg)/);
  const lines = unpacked(titles).split(NEXT);
  return (name) => {
    const n = names.indexOf(name);
    return [placed(pictures[n], name.split("/")[0]), lines[n]];
  };
}
