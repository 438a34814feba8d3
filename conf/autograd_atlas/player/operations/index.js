/* The operations that a page can calculate, forward and backward, by the names that tape.py gives.

   An operation is given its context, {option: (name, default) => value, round}, and tensors. It gives
   its result, and a function from the gradient of the result to the gradients of what it was given
   (the vector–Jacobian product), each null where nothing flows. Where torch had a choice (ties,
   borders, 0 to the power of 0), its choice is taken; the tests compare every rule with torch. */

import { ELEMENTWISE, elementwise, LOSSES, loss } from "./elementwise.js";
import { addmm, matmul, nllLoss } from "./products.js";
import { along, ALONG, reduction, REDUCTIONS } from "./reductions.js";
import { join, view, VIEWS } from "./views.js";

export { SEVERAL } from "./several.js";

const OTHERS = { matmul, addmm, nll_loss: nllLoss, cat: join, stack: join };

const KINDS = [
  [ELEMENTWISE, elementwise],
  [LOSSES, loss],
  [REDUCTIONS, reduction],
  [ALONG, along],
  [VIEWS, view],
  [OTHERS, (name, context, inputs) => OTHERS[name](name, context, inputs)],
];

// The operation of this name, or null.
export function operation(name) {
  const kind = KINDS.find(([table]) => Object.hasOwn(table, name));
  return kind ? (context, inputs) => kind[1](name, context, inputs) : null;
}
