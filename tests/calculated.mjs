/* What the player calculates, as tests ask for it: for each [graph, inputs] all quantities, by name
   [shape, numbers]; numbers that JSON cannot hold are spelled. */

import { calculate } from "../conf/autograd_atlas/player/calculation.js";

const spelled = (x) => (Number.isFinite(x) ? x : String(x).replace("Infinity", "inf"));

function calculatedFrom(graph, inputs) {
  const numbers = Object.entries(inputs).map(([n, texts]) => [n, texts.map(Number)]);
  const quantities = calculate(graph, Object.fromEntries(numbers));
  return Object.fromEntries(
    Object.entries(quantities).map(([name, value]) => [
      name,
      [value.shape, value.numbers.map(spelled)],
    ]),
  );
}

export const calculated = (jobs) => jobs.map(([graph, inputs]) => calculatedFrom(graph, inputs));
