/* Calculates a whole recorded graph from other inputs, forward and backward, as tape.py describes it.
   Quantities go by the names that tape.py gives them: v3, r3.0, e3, d3, g3. */

import { operation, SEVERAL } from "./operations/index.js";
import { refuse, sizeOf, tensor } from "./tensors.js";

const optionsOf =
  (named = {}) =>
  (name, otherwise) =>
    named[name] ?? otherwise;

class Calculation {
  #graph;
  #round; // to float32, where a graph is in float32
  #steps = new Map(); // by node: what was done there
  #edges; // by node: [number, target, output] of each
  #arrived = {}; // by name: the sum of the gradients so far
  #quantities = {};
  #said; // by name: what stands for what is calculated

  constructor(graph, said) {
    this.#graph = graph;
    this.#said = said;
    this.#round = graph.single ? Math.fround : (x) => x;
    this.#edges = graph.nodes.map(() => []);
    graph.edges.forEach(([source, target, output], n) =>
      this.#edges[source].push([n, target, output]),
    );
  }

  run(inputs) {
    const { tensors, calls, order } = this.#graph;
    tensors.forEach((_, n) => {
      this.#quantities[`v${n}`] = this.#saidOr(`v${n}`, this.#recorded(`v${n}`));
    });
    for (const n in inputs) {
      const { shape } = this.#quantities[`v${n}`];
      this.#quantities[`v${n}`] = this.#rounded(tensor(shape, inputs[n]));
    }
    for (const call of calls) this.#call(call);
    if (order.length) this.#start();
    for (const node of order) this.#backward(node);
    return this.#quantities;
  }

  #saidOr(name, value) {
    const said = this.#said[name];
    return said ? this.#rounded(tensor(value.shape, said)) : value;
  }

  #rounded({ shape, numbers }) {
    return tensor(shape, numbers.map(this.#round));
  }

  #recorded(name) {
    const known = this.#graph.known[name];
    return known && tensor(known[0], known[1].map(Number));
  }

  // -- Forward

  #call(call) {
    const { tensors } = this.#graph;
    const origins = new Map(); // by what the call is given: [node, output] that it is from
    const values = call.given.map((given) => {
      const isConstant = Array.isArray(given);
      const value = isConstant
        ? this.#rounded(tensor([], given.map(Number)))
        : this.#quantities[`v${given}`];
      origins.set(value, isConstant ? null : tensors[given].at);
      return value;
    });
    const several = Object.hasOwn(SEVERAL, call.op) && SEVERAL[call.op];
    const steps = several && several(values, optionsOf(call.named), call);
    const nodes = [...call.nodes];
    const done = [];
    for (const step of steps || [[call.op, values, "", call.named]]) {
      done.push(this.#step(call, step, done, origins, nodes));
    }
    const made = `v${call.made[0]}`;
    this.#quantities[made] = this.#saidOr(made, done.at(-1).result);
  }

  // ``nodes`` are those of the call that no earlier step has taken.
  #step(call, [op, given, kind, named], done, origins, nodes) {
    const run = operation(op);
    if (!run || call.made.length !== 1) refuse(call.name);
    const isEarlier = (each) => typeof each === "number";
    const inputs = given.map((each) => (isEarlier(each) ? done[each].result : each));
    const from = given.map((each) => (isEarlier(each) ? done[each].at : origins.get(each)));
    const context = { option: optionsOf(named), round: this.#round };
    const [result, backward] = run(context, inputs);
    const step = { result: this.#rounded(result), at: null, from, backward };
    const place = nodes.findIndex((node) => this.#graph.nodes[node].startsWith(kind));
    if (from.some(Boolean) && place >= 0) {
      const [node] = nodes.splice(place, 1);
      step.at = [node, 0];
      this.#steps.set(node, step);
    }
    return step;
  }

  // -- Backward, in the engine's order

  #arrive(name, gradient) {
    const before = this.#arrived[name];
    const numbers = before && gradient.numbers.map((x, i) => x + before.numbers[i]);
    this.#arrived[name] = before ? this.#rounded(tensor(gradient.shape, numbers)) : gradient;
  }

  // What backward() was started with: what a root received, without what came along edges.
  #start() {
    for (const [node, output] of this.#graph.roots) {
      const name = `r${node}.${output}`;
      const start = this.#recorded(name);
      if (!start) continue;
      this.#graph.edges.forEach(([, target, place], n) => {
        const sent = target === node && place === output && this.#recorded(`e${n}`);
        if (sent) start.numbers = start.numbers.map((x, i) => x - sent.numbers[i]);
      });
      if (start.numbers.some((x) => x !== 0)) this.#arrive(name, start);
    }
  }

  #backward(node) {
    const { known } = this.#graph;
    const name = `r${node}.0`;
    if (!this.#arrived[name]) return;
    const gradient = this.#saidOr(name, this.#arrived[name]);
    this.#quantities[name] = gradient;
    if (known[`g${node}`]) this.#quantities[`g${node}`] = gradient;
    const step = this.#steps.get(node);
    if (step) this.#send(step, gradient, [...this.#edges[node]]);
  }

  // ``edges`` are those of the node along which nothing was sent yet.
  #send({ result, from, backward }, gradient, edges) {
    const sent = backward(gradient);
    const slopes = sizeOf(result.shape) === 1 ? backward(tensor(result.shape, [1])) : [];
    from.forEach((end, i) => {
      const isEnd = ([, target, output]) => target === end[0] && output === end[1];
      const place = end ? edges.findIndex(isEnd) : -1;
      if (place < 0 || !sent[i]) return;
      const [[n]] = edges.splice(place, 1);
      const along = this.#rounded(sent[i]);
      this.#quantities[`e${n}`] = along;
      if (this.#graph.known[`d${n}`]) {
        this.#quantities[`d${n}`] = this.#rounded(tensor([], slopes[i].numbers));
      }
      this.#arrive(`r${end[0]}.${end[1]}`, along);
    });
  }
}

// All quantities of a tape's graph, by name, with other numbers for some inputs: {0: numbers, …} by
// the places of tensors. Throws an error with its name as ``unknown`` for an operation that is not
// among those of operations/. With numbers ``said`` for other quantities, by name, it goes on with these.
export const calculate = (graph, inputs, said = {}) => new Calculation(graph, said).run(inputs);

// The name of the first quantity that comes out other than PyTorch's, or null.
export function difference(graph, quantities) {
  const tolerance = graph.single ? 1e-4 : 1e-9;
  for (const name in graph.known) {
    const [shape, spelled] = graph.known[name];
    const theirs = spelled.map(Number);
    const ours = quantities[name];
    const largest = Math.max(...theirs.filter(Number.isFinite).map(Math.abs), 1e-6);
    const isClose = (x, y) => Object.is(x, y) || x === y || Math.abs(x - y) <= tolerance * largest;
    const isSameShape = ours && `${ours.shape}` === `${shape}`;
    if (!isSameShape || !theirs.every((x, i) => isClose(ours.numbers[i], x))) return name;
  }
  return null;
}
