/* Calls that torch records as several nodes, as steps: [operation, what it is given, node, options].

   What a step is given are tensors, or the places of earlier steps; the node is one whose name begins
   so. A rule gives null for a call that is one step after all. */

import { refuse } from "../tensors.js";

const FIRST = { dim: 0 };

// What is not laid out row by row, as a transposed matrix is not, is copied before it is viewed.
const copied = ([input, ...others], option, { nodes, op, named }) =>
  nodes.length < 2
    ? null
    : [
        ["clone", [input], "Clone"],
        [op, [0, ...others], "", named],
      ];

const viewed = (input) => ["unsqueeze", [input], "Unsqueeze", FIRST];

function linear([input, weight, bias]) {
  const turned = ["t", [weight], "T"];
  if (input.shape.length === 2) {
    const product = bias ? ["addmm", [bias, input, 0], "Addmm"] : ["matmul", [input, 0], "Mm"];
    return [turned, product];
  }
  if (bias) {
    return [
      ["unsqueeze", [input], "View", FIRST],
      turned,
      ["addmm", [bias, 0, 1], "Addmm"],
      ["squeeze", [2], "View", FIRST],
    ];
  }
  return [turned, viewed(input), ["matmul", [1, 0], "Mm"], ["squeeze", [2], "Squeeze", FIRST]];
}

export const SEVERAL = {
  reshape: copied,
  flatten: copied,
  view_as: copied,
  linear,
  __rtruediv__: ([number, input]) => [
    ["reciprocal", [input], "Reciprocal"],
    ["mul", [0, number], "Mul"],
  ],
  l1_loss([input, target], option) {
    const reduction = option("reduction", "mean");
    const steps = [
      ["sub", [input, target], "Sub"],
      ["abs", [0], "Abs"],
    ];
    if (reduction === "none") return steps;
    return [...steps, [reduction, [1], reduction === "sum" ? "Sum" : "Mean"]];
  },
  cross_entropy([input, target], option) {
    const isPlain = !option("label_smoothing", 0) && target.shape.length < input.shape.length;
    if (!isPlain) refuse("cross_entropy");
    return [
      ["log_softmax", [input], "LogSoftmax", { dim: -1 }],
      ["nll_loss", [0, target], "NllLoss", { reduction: option("reduction", "mean") }],
    ];
  },
  outer: ([column, row]) => [
    ["reshape", [column], "View", { shape: [-1, 1] }],
    ["mul", [0, row], "Mul"],
  ],
  matmul([left, right]) {
    if (left.shape.length !== 1 || right.shape.length !== 2) return null;
    return [viewed(left), ["matmul", [0, right], "Mm"], ["squeeze", [1], "Squeeze", FIRST]];
  },
  __getitem__: ([input], option, { steps }) =>
    steps.map(([op, dim, ...range], n) => [
      op,
      [n ? n - 1 : input],
      op[0].toUpperCase() + op.slice(1),
      { dim, index: range[0], slice: [dim, ...range] },
    ]),
};
