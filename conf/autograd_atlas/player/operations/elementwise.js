/* Operations on numbers one by one, and losses, which are those summed up.

   Each rule is given an operation's options and how to round, and gives [value, derivative by each
   argument], as functions of the arguments and, for a derivative, of the value after them. A
   derivative of null lets nothing through, not even what is infinite: torch sends 0 there. A
   derivative of 0 is multiplied by what arrives. */

import { broadcast, repeatedPlaces, scalar, sizeOf, sum, tensor, zeros } from "../tensors.js";

export const through = (gradient, slope) => (slope === null ? 0 : gradient * slope);
const zero = () => 0;
const one = () => 1;
const shut = () => null;

const sigmoidOf = (round) => (x) => round(1 / round(1 + round(Math.exp(-x))));
const sign = (x) => (x > 0) - (x < 0);
const power = (x, y) => (x === 1 || (x === -1 && y * y === Infinity) ? 1 : x ** y);
const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const roundHalfToEven = (x) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));
const compare = (test) => () => [(x, y) => +test(x, y)];
const extreme = (isBetter) => () => [
  (x, y) => (isBetter(x, y) || Number.isNaN(x) ? x : y),
  (x, y) => (x === y ? 0.5 : isBetter(y, x) ? null : 1),
  (x, y) => (x === y ? 0.5 : isBetter(x, y) ? null : 1),
];

export const ELEMENTWISE = {
  add({ option }) {
    const alpha = option("alpha", 1);
    return [(x, y) => x + alpha * y, one, () => alpha];
  },
  sub({ option }) {
    const alpha = option("alpha", 1);
    return [(x, y) => x - alpha * y, one, () => -alpha];
  },
  mul: () => [(x, y) => x * y, (x, y) => y, (x) => x],
  div: () => [(x, y) => x / y, (x, y) => 1 / y, (x, y, z) => -z / y],
  pow: () => [
    power,
    (x, y) => (y === 0 ? null : y * power(x, y - 1)),
    (x, y, z) => (x === 0 && y >= 0 ? 0 : z * Math.log(x)),
  ],
  maximum: extreme((x, y) => x > y),
  minimum: extreme((x, y) => x < y),
  gt: compare((x, y) => x > y),
  lt: compare((x, y) => x < y),
  ge: compare((x, y) => x >= y),
  le: compare((x, y) => x <= y),
  eq: compare((x, y) => x === y),
  ne: compare((x, y) => x !== y),
  where: () => [
    (test, x, y) => (test ? x : y),
    null,
    (test) => (test ? 1 : null),
    (test) => (test ? null : 1),
  ],
  neg: () => [(x) => -x, () => -1],
  exp: () => [Math.exp, (x, y) => y],
  expm1: () => [Math.expm1, (x, y) => y + 1],
  log: () => [Math.log, (x) => 1 / x],
  log2: () => [Math.log2, (x) => 1 / (x * Math.LN2)],
  log10: () => [Math.log10, (x) => 1 / (x * Math.LN10)],
  log1p: () => [Math.log1p, (x) => 1 / (x + 1)],
  sqrt: () => [Math.sqrt, (x, y) => 1 / (2 * y)],
  rsqrt: () => [(x) => 1 / Math.sqrt(x), (x, y) => -0.5 * y ** 3],
  square: () => [(x) => x * x, (x) => 2 * x],
  reciprocal: () => [(x) => 1 / x, (x, y) => -y * y],
  sin: () => [Math.sin, Math.cos],
  cos: () => [Math.cos, (x) => -Math.sin(x)],
  tan: () => [Math.tan, (x, y) => 1 + y * y],
  asin: () => [Math.asin, (x) => 1 / Math.sqrt(1 - x * x)],
  acos: () => [Math.acos, (x) => -1 / Math.sqrt(1 - x * x)],
  atan: () => [Math.atan, (x) => 1 / (1 + x * x)],
  sinh: () => [Math.sinh, Math.cosh],
  cosh: () => [Math.cosh, Math.sinh],
  tanh: () => [Math.tanh, (x, y) => 1 - y * y],
  sigmoid: ({ round }) => [sigmoidOf(round), (x, y) => y * (1 - y)],
  logsigmoid: ({ round }) => [(x) => -softplus(-x), (x) => sigmoidOf(round)(-x)],
  relu: () => [(x) => (x > 0 || Number.isNaN(x) ? x : 0), (x) => (x <= 0 ? null : 1)],
  clamp({ option, round }) {
    const low = round(option("min", -Infinity));
    const high = round(option("max", Infinity));
    return [(x) => Math.min(Math.max(x, low), high), (x) => (x >= low && x <= high ? 1 : null)];
  },
  leaky_relu({ option }) {
    const slope = option("negative_slope", 0.01);
    return [(x) => (x > 0 ? x : slope * x), (x) => (x > 0 ? 1 : slope)];
  },
  elu({ option }) {
    const alpha = option("alpha", 1);
    return [(x) => (x > 0 ? x : alpha * Math.expm1(x)), (x) => (x <= 0 ? alpha * Math.exp(x) : 1)];
  },
  softplus({ option, round }) {
    const beta = option("beta", 1);
    const threshold = option("threshold", 20);
    return [
      (x) => (beta * x > threshold ? x : softplus(beta * x) / beta),
      (x) => (beta * x > threshold ? 1 : sigmoidOf(round)(beta * x)),
    ];
  },
  silu({ round }) {
    const sigmoid = sigmoidOf(round);
    return [(x) => x * sigmoid(x), (x) => sigmoid(x) * (1 + x * (1 - sigmoid(x)))];
  },
  abs: () => [Math.abs, sign],
  sign: () => [sign, shut],
  floor: () => [Math.floor, shut],
  ceil: () => [Math.ceil, shut],
  round: () => [roundHalfToEven, shut],
  zeros_like: () => [zero],
  ones_like: () => [one],
  detach: () => [(x) => x],
};

export const LOSSES = {
  mse_loss: () => [(x, y) => (x - y) ** 2, (x, y) => 2 * (x - y), (x, y) => 2 * (y - x)],
  binary_cross_entropy_with_logits: ({ round }) => [
    (x, y) => softplus(x) - x * y,
    (x, y) => sigmoidOf(round)(x) - y,
    (x) => -x,
  ],
  binary_cross_entropy: () => [
    (x, y) => -(y * Math.max(Math.log(x), -100) + (1 - y) * Math.max(Math.log1p(-x), -100)),
    (x, y) => (x - y) / Math.max((1 - x) * x, 1e-12),
  ],
};

// Every gradient is multiplied by ``scale``; a gradient of one number counts for all.
function calculated([valueOf, ...slopes], { round }, inputs, scale) {
  const shape = broadcast(inputs.map((input) => input.shape));
  const places = inputs.map((input) => repeatedPlaces(input.shape, shape));
  const argumentsAt = (i) => inputs.map((input, k) => input.numbers[places[k][i]]);
  const numbers = places[0].map((_, i) => round(valueOf(...argumentsAt(i))));

  function backward(gradient) {
    const arriving = (i) => gradient.numbers[gradient.numbers.length > 1 ? i : 0] * scale;
    return inputs.map((input, k) => {
      if (!slopes[k]) return null;
      const sent = zeros(input.shape);
      numbers.forEach((y, i) => {
        sent.numbers[places[k][i]] += through(arriving(i), slopes[k](...argumentsAt(i), y));
      });
      return sent;
    });
  }

  return [tensor(shape, numbers), backward];
}

export const elementwise = (name, context, inputs) =>
  calculated(ELEMENTWISE[name](context), context, inputs, 1);

export function loss(name, context, inputs) {
  const reduction = context.option("reduction", "mean");
  const count = sizeOf(broadcast(inputs.map((input) => input.shape)));
  const scale = reduction === "mean" ? 1 / count : 1;
  const [each, backward] = calculated(LOSSES[name](context), context, inputs, scale);
  return [reduction === "none" ? each : scalar(sum(each.numbers) * scale), backward];
}
