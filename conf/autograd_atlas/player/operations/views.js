/* Views and copies: a rule gives a shape, and for each of its numbers the place that it comes from.
   And what joins tensors. */

import {
  allPlaces,
  dimensionOf,
  placesOf,
  repeatedPlaces,
  sizeOf,
  stridesOf,
  sum,
  tensor,
  zeros,
} from "../tensors.js";

const without = (list, i) => list.toSpliced(i, 1);
const copied = (shape) => [shape, allPlaces(shape)];

function reshaped(shape, wanted) {
  const known = -sizeOf(wanted); // of the other dimensions, if one of them is -1
  return [wanted.map((d) => (d === -1 ? sizeOf(shape) / known : d)), allPlaces(shape)];
}

function permuted(shape, order) {
  const strides = stridesOf(shape);
  const result = order.map((d) => shape[d]);
  return [
    result,
    placesOf(
      result,
      order.map((d) => strides[d]),
    ),
  ];
}

function swapped(shape, first, second) {
  const order = shape.map((_, i) => i);
  [order[first], order[second]] = [order[second], order[first]];
  return permuted(shape, order);
}

function sliced(shape, dim, from, to, step) {
  const length = shape[dim];
  const stride = stridesOf(shape)[dim];
  const start = Math.min(dimensionOf(from ?? 0, length), length);
  const end = Math.min(dimensionOf(to ?? length, length), length);
  const result = shape.with(dim, Math.max(0, Math.ceil((end - start) / step)));
  return [result, placesOf(result, stridesOf(shape).with(dim, stride * step), start * stride)];
}

function selected(shape, dim, index) {
  const strides = stridesOf(shape);
  const start = dimensionOf(index, shape[dim]) * strides[dim];
  return [without(shape, dim), placesOf(without(shape, dim), without(strides, dim), start)];
}

export const VIEWS = {
  reshape: (shape, option) => reshaped(shape, option("shape", [])),
  flatten(shape, option) {
    const first = dimensionOf(option("start_dim", 0), shape.length);
    const last = dimensionOf(option("end_dim", -1), shape.length);
    const count = last + 1 - first;
    return reshaped(shape, shape.toSpliced(first, count, sizeOf(shape.slice(first, last + 1))));
  },
  view_as: (shape, option, like) => reshaped(shape, like.shape),
  t: (shape) => (shape.length < 2 ? copied(shape) : swapped(shape, 0, 1)),
  T: (shape) => permuted(shape, shape.map((_, i) => i).reverse()),
  mT: (shape) => swapped(shape, shape.length - 2, shape.length - 1),
  transpose(shape, option) {
    const dims = [option("dim0"), option("dim1")].map((d) => dimensionOf(d, shape.length));
    return swapped(shape, ...dims);
  },
  permute: (shape, option) =>
    permuted(
      shape,
      option("dims").map((d) => dimensionOf(d, shape.length)),
    ),
  unsqueeze(shape, option) {
    const dim = dimensionOf(option("dim"), shape.length + 1);
    return [shape.toSpliced(dim, 0, 1), allPlaces(shape)];
  },
  squeeze(shape, option) {
    const dims = [
      option(
        "dim",
        shape.map((_, i) => i),
      ),
    ].flat();
    const dropped = dims.map((d) => dimensionOf(d, shape.length));
    return [shape.filter((d, i) => d !== 1 || !dropped.includes(i)), allPlaces(shape)];
  },
  expand(shape, option) {
    const sizes = option("size");
    const added = sizes.length - shape.length;
    const result = sizes.map((d, i) => (d === -1 ? shape[i - added] : d));
    return [result, repeatedPlaces(shape, result)];
  },
  expand_as: (shape, option, like) => [like.shape, repeatedPlaces(shape, like.shape)],
  flip(shape, option) {
    const named = option("dims").map((d) => dimensionOf(d, shape.length));
    const dims = named.filter((d) => d < shape.length); // a single number has none, and is accepted
    const strides = stridesOf(shape);
    const start = sum(dims.map((d) => (shape[d] - 1) * strides[d]));
    const steps = strides.map((stride, i) => (dims.includes(i) ? -stride : stride));
    return [shape, placesOf(shape, steps, start)];
  },
  select: (shape, option) =>
    selected(shape, dimensionOf(option("dim"), shape.length), option("index")),
  slice: (shape, option) => sliced(shape, ...option("slice")),
  clone: copied,
  alias: copied,
};

export function view(name, { option }, [input, ...others]) {
  const [shape, places] = VIEWS[name](input.shape, option, ...others);

  function backward(gradient) {
    const sent = zeros(input.shape);
    places.forEach((at, i) => {
      sent.numbers[at] += gradient.numbers[i];
    });
    return [sent, ...others.map(() => null)];
  }

  return [
    tensor(
      shape,
      places.map((at) => input.numbers[at]),
    ),
    backward,
  ];
}

// ``cat`` joins along a dimension that there is, ``stack`` along a new one.
export function join(name, { option }, inputs) {
  const isStack = name === "stack";
  const dim = dimensionOf(option("dim", 0), inputs[0].shape.length + isStack);
  const shapes = inputs.map(({ shape }) => (isStack ? shape.toSpliced(dim, 0, 1) : shape));
  const result = zeros(shapes[0].with(dim, sum(shapes.map((shape) => shape[dim]))));
  const strides = stridesOf(result.shape);
  let before = 0;
  const places = shapes.map((shape) => {
    const own = placesOf(shape, strides, before * strides[dim]);
    before += shape[dim];
    return own;
  });
  inputs.forEach(({ numbers }, k) =>
    places[k].forEach((at, i) => {
      result.numbers[at] = numbers[i];
    }),
  );
  const backward = (gradient) =>
    inputs.map(({ shape }, k) =>
      tensor(
        shape,
        places[k].map((at) => gradient.numbers[at]),
      ),
    );
  return [result, backward];
}
