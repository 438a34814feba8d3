/* Operations that make one number of each row of numbers, and those that make a row of each.

   A reduction is given a row, and the tensor that it is from, and gives [value, derivative by each
   number]. An operation along a dimension is given a row, and gives [values, function from their
   gradients to those of the row]. */

import { dimensionOf, refuse, rowPlaces, sum, tensor, zeros } from "../tensors.js";
import { through } from "./elementwise.js";

// Of the whole tensor, torch lets a gradient through only where the best is, which may be NaN.
const best = (extreme, whole) => () => (row) => {
  const value = row.some(Number.isNaN) ? NaN : extreme(...row);
  const isBest = row.map((x) => (whole ? Object.is(x + 0, value + 0) : x === value));
  const count = sum(isBest);
  return [value, isBest.map((is) => (whole && !is ? null : is / count))];
};

function norm(row) {
  const value = Math.sqrt(sum(row.map((x) => x * x)));
  return [value, row.map((x) => (value === 0 ? 0 : x / value))];
}

function varianceOf(row, count) {
  let middle = 0;
  let squares = 0;
  row.forEach((x, i) => {
    const off = x - middle; // from a running mean, so that equal numbers are exactly 0 apart
    middle += off / (i + 1);
    squares += off * (x - middle);
  });
  return squares / count;
}

function variance({ option }) {
  const fixed = option("unbiased", true) === false ? 0 : option("correction", 1);
  return (row) => {
    const mean = sum(row) / row.length;
    const count = row.length - fixed;
    return [varianceOf(row, count), row.map((x) => (2 * (x - mean)) / count), mean, count];
  };
}

const deviation = (context) => (row) => {
  const [squared, , mean, count] = variance(context)(row);
  const value = Math.sqrt(squared);
  return [value, row.map((x) => (value === 0 ? null : (x - mean) / count / value))];
};

const product = ({ option, round }) => {
  const ofAll = option("dim", null) === null;
  return (row, { shape, numbers }) => {
    const value = round(row.reduce((a, b) => a * b, 1));
    const zeroCount = numbers.filter((x) => x === 0).length;
    const others = (i) => row.reduce((a, b, k) => (k === i ? a : a * b), 1);
    const slope = (x, i) => (zeroCount || !shape.length ? others(i) : value / x);
    return [value, row.map(zeroCount > 1 && ofAll ? () => null : slope)];
  };
};

function logsumexp(row) {
  const top = Math.max(...row);
  const shift = Number.isFinite(top) ? top : 0;
  const value = shift + Math.log(sum(row.map((x) => Math.exp(x - shift))));
  return [value, row.map((x) => Math.exp(x - value))];
}

export const REDUCTIONS = {
  sum: () => (row) => [sum(row), row.map(() => 1)],
  mean: () => (row) => [sum(row) / row.length, row.map(() => 1 / row.length)],
  prod: product,
  amax: best(Math.max),
  amin: best(Math.min),
  max: best(Math.max, true),
  min: best(Math.min, true),
  logsumexp: () => logsumexp,
  norm: ({ option }) => (["fro", 2, null].includes(option("p", null)) ? norm : refuse("norm")),
  vector_norm: ({ option }) => (option("ord", 2) === 2 ? norm : refuse("vector_norm")),
  var: variance,
  std: deviation,
};

// The dimensions that an option names: one, several, or by default all.
function reducedDimensions(dim, rank) {
  const isAll = dim === null || (Array.isArray(dim) && !dim.length);
  const dims = isAll ? Array.from({ length: rank }, (_, i) => i) : [dim].flat();
  return dims.map((d) => dimensionOf(d, rank));
}

export function reduction(name, context, [input]) {
  const rule = REDUCTIONS[name](context);
  const dims = reducedDimensions(context.option("dim", null), input.shape.length);
  const kept = context.option("keepdim", false);
  const rows = rowPlaces(input.shape, dims).map((places) => {
    const [value, slopes] = rule(
      places.map((at) => input.numbers[at]),
      input,
    );
    return { places, value, slopes };
  });
  const shape = kept
    ? input.shape.map((d, i) => (dims.includes(i) ? 1 : d))
    : input.shape.filter((_, i) => !dims.includes(i));

  function backward(gradient) {
    const sent = zeros(input.shape);
    rows.forEach(({ places, slopes }, n) =>
      places.forEach((at, k) => {
        sent.numbers[at] = through(gradient.numbers[n], slopes[k]);
      }),
    );
    return [sent];
  }

  return [
    tensor(
      shape,
      rows.map(({ value }) => value),
    ),
    backward,
  ];
}

function softmaxOf(row, round) {
  const top = Math.max(...row);
  const parts = row.map((x) => Math.exp(x - top));
  const total = round(sum(parts));
  return [parts.map((part) => part / total), row.map((x) => x - top - Math.log(total))];
}

export const ALONG = {
  softmax(row, { round }) {
    const [values] = softmaxOf(row, round);
    const backward = (gradients) => {
      const dot = sum(gradients.map((g, i) => g * values[i]));
      return values.map((y, i) => y * (gradients[i] - dot));
    };
    return [values, backward];
  },
  log_softmax(row, { round }) {
    const [shares, values] = softmaxOf(row, round);
    const backward = (gradients) => {
      const total = sum(gradients);
      return shares.map((share, i) => gradients[i] - share * total);
    };
    return [values, backward];
  },
  cumsum: (row) => [
    row.map((_, i) => sum(row.slice(0, i + 1))),
    (gradients) => gradients.map((_, i) => sum(gradients.slice(i))),
  ],
};

export function along(name, context, [input]) {
  const dim = context.option("dim", null);
  if (dim === null) refuse(name);
  const result = zeros(input.shape);
  const rows = rowPlaces(input.shape, [dimensionOf(dim, input.shape.length)]).map((places) => {
    const [values, rowBackward] = ALONG[name](
      places.map((at) => input.numbers[at]),
      context,
    );
    places.forEach((at, k) => {
      result.numbers[at] = values[k];
    });
    return { places, rowBackward };
  });

  function backward(gradient) {
    const sent = zeros(input.shape);
    for (const { places, rowBackward } of rows) {
      const slopes = rowBackward(places.map((at) => gradient.numbers[at]));
      places.forEach((at, k) => {
        sent.numbers[at] = slopes[k];
      });
    }
    return [sent];
  }

  return [result, backward];
}
