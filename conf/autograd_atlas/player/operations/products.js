/* Products of matrices and vectors, and the loss that picks one number of each row. */

import { refuse, scalar, sum, tensor, zeros } from "../tensors.js";
import { elementwise } from "./elementwise.js";
import { view } from "./views.js";

const transposed = (matrix) => view("mT", {}, [matrix])[0];

function product(left, right) {
  const [rows, inner] = left.shape;
  const columns = right.shape[1];
  const isMatrices = left.shape.length === 2 && right.shape.length === 2;
  if (right.shape[0] !== inner || !isMatrices) refuse("matmul");
  const result = zeros([rows, columns]);
  result.numbers.forEach((_, i) => {
    const row = Math.floor(i / columns) * inner;
    for (let k = 0; k < inner; k++) {
      result.numbers[i] += left.numbers[row + k] * right.numbers[k * columns + (i % columns)];
    }
  });
  return result;
}

export function matmul(name, context, [left, right]) {
  const isRow = left.shape.length === 1;
  const isColumn = right.shape.length === 1;
  const leftMatrix = isRow ? tensor([1, ...left.shape], left.numbers) : left;
  const rightMatrix = isColumn ? tensor([...right.shape, 1], right.numbers) : right;
  const result = product(leftMatrix, rightMatrix);
  const shape = [
    ...(isRow ? [] : result.shape.slice(0, -1)),
    ...(isColumn ? [] : result.shape.slice(-1)),
  ];

  function backward(gradient) {
    const matrix = tensor(result.shape, gradient.numbers);
    return [
      tensor(left.shape, product(matrix, transposed(rightMatrix)).numbers),
      tensor(right.shape, product(transposed(leftMatrix), matrix).numbers),
    ];
  }

  return [tensor(shape, result.numbers), backward];
}

export function addmm(name, context, [bias, left, right]) {
  const [multiplied, multipliedBackward] = matmul(name, context, [left, right]);
  const [result, addedBackward] = elementwise("add", context, [bias, multiplied]);
  return [result, (gradient) => [addedBackward(gradient)[0], ...multipliedBackward(gradient)]];
}

export function nllLoss(name, { option }, [input, target]) {
  const reduction = option("reduction", "mean");
  if (input.shape.length > 2 || target.numbers.some((label) => label < 0)) refuse(name);
  const scale = reduction === "mean" ? 1 / target.numbers.length : 1;
  const places = target.numbers.map((label, i) => i * input.shape.at(-1) + label);
  const losses = places.map((at) => -input.numbers[at]);

  function backward(gradient) {
    const sent = zeros(input.shape);
    places.forEach((at, i) => {
      sent.numbers[at] = -gradient.numbers[gradient.numbers.length > 1 ? i : 0] * scale;
    });
    return [sent, null];
  }

  const isEach = reduction === "none";
  return [isEach ? tensor(target.shape, losses) : scalar(sum(losses) * scale), backward];
}
