/* Tensors, {shape, numbers: row by row}, and their views: every view of a tensor is a list of places
   in it. */

export const tensor = (shape, numbers) => ({ shape, numbers });
export const scalar = (number) => tensor([], [number]);
export const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
export const sizeOf = (shape) => shape.reduce((n, d) => n * d, 1);
export const zeros = (shape) => tensor(shape, new Array(sizeOf(shape)).fill(0));

// A dimension counted from the start, where it may have been counted from the end.
export const dimensionOf = (dim, rank) => (dim < 0 ? dim + rank : dim);

export function stridesOf(shape) {
  const strides = [];
  for (let i = shape.length, n = 1; i--; n *= shape[i]) strides[i] = n;
  return strides;
}

// The places that a view visits, row by row.
export function placesOf(shape, strides, start = 0) {
  let places = [start];
  shape.forEach((d, i) => {
    places = places.flatMap((at) => Array.from({ length: d }, (_, k) => at + k * strides[i]));
  });
  return places;
}

export const allPlaces = (shape) => placesOf(shape, stridesOf(shape));

export function broadcast(shapes) {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, i) =>
    shapes.map((shape) => shape[shape.length - rank + i] ?? 1).reduce((a, b) => (a === 1 ? b : a)),
  );
}

// For each number of a larger shape, its place in the smaller one that is repeated there.
export function repeatedPlaces(shape, larger) {
  const skipped = larger.length - shape.length;
  const strides = stridesOf(shape);
  const steps = larger.map((_, i) =>
    i < skipped || shape[i - skipped] === 1 ? 0 : strides[i - skipped],
  );
  return placesOf(larger, steps);
}

// For each row along some dimensions, the places of its numbers.
export function rowPlaces(shape, dims) {
  const strides = stridesOf(shape);
  const all = shape.map((_, i) => i);
  const inner = all.filter((i) => dims.includes(i));
  const outer = all.filter((i) => !dims.includes(i));
  const pick = (list, indices) => indices.map((i) => list[i]);
  const starts = placesOf(pick(shape, outer), pick(strides, outer));
  return starts.map((start) => placesOf(pick(shape, inner), pick(strides, inner), start));
}

// What a page cannot calculate is told by the name of the operation.
export function refuse(name) {
  throw Object.assign(new Error(name), { unknown: name });
}
