/* The operations that a page can calculate, forward and backward, and the calculation of a whole
   recorded graph from other inputs.

   A tensor is {s: shape, a: numbers, row by row}. An operation gives its result and a function
   from the gradient of the result to the gradients of what it was given (the vector–Jacobian
   product). Where torch had a choice (ties, borders, 0 to the power of 0), its choice is taken;
   the tests compare every rule with torch. */
(function () {
  "use strict";

  // -- Shapes: every view of a tensor is a list of places in it -----------------------------

  const size = (s) => s.reduce((n, d) => n * d, 1);
  const tensor = (s, a) => ({ s, a });
  const zeros = (s) => tensor(s, new Array(size(s)).fill(0));
  const axis = (d, n) => (d < 0 ? d + n : d);

  function strides(s) {
    const found = [];
    for (let i = s.length, n = 1; i--; n *= s[i]) found[i] = n;
    return found;
  }

  // The places that a view visits, row by row.
  function walk(s, steps, start) {
    let found = [start || 0];
    s.forEach((d, i) => {
      found = found.flatMap((at) => Array.from({ length: d }, (_, k) => at + k * steps[i]));
    });
    return found;
  }

  function broadcast(shapes) {
    const n = Math.max(...shapes.map((s) => s.length));
    return Array.from({ length: n }, (_, i) =>
      shapes.map((s) => s[s.length - n + i] ?? 1).reduce((a, b) => (a === 1 ? b : a)));
  }

  function spread(s, to) {
    const skip = to.length - s.length, steps = strides(s);
    return walk(to, to.map((_, i) => (i < skip || s[i - skip] === 1 ? 0 : steps[i - skip])));
  }

  // -- Options, which tape.py has read -------------------------------------------------------

  function unknown(name) {
    throw Object.assign(new Error(name), { unknown: name });
  }

  const options = (named = {}) => (name, otherwise) => named[name] ?? otherwise;

  // -- Elementwise: [value, derivative by each argument, of the arguments and the value] -----

  // A derivative of null lets nothing through, not even what is infinite: torch sends 0 there. A
  // derivative of 0 is multiplied by what arrives.
  const times = (g, d) => (d === null ? 0 : g * d);
  const one = () => 1, none = () => 0, closed = () => null;
  let round = (x) => x; // to float32, where a graph is in float32
  const sigmoid = (x) => round(1 / round(1 + round(Math.exp(-x))));
  const sign = (x) => (x > 0) - (x < 0);
  const power = (x, y) => (x === 1 || (x === -1 && y * y === Infinity) ? 1 : x ** y);
  const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
  const even = (x) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));
  const compare = (test) => [(x, y) => +test(x, y)];
  const extreme = (first) => [
    (x, y) => (first(x, y) || x !== x ? x : y),
    (x, y) => (x === y ? 0.5 : first(y, x) ? null : 1),
    (x, y) => (x === y ? 0.5 : first(x, y) ? null : 1)];

  const ELEMENTWISE = {
    add: (o) => [(x, y) => x + o("alpha", 1) * y, one, () => o("alpha", 1)],
    sub: (o) => [(x, y) => x - o("alpha", 1) * y, one, () => -o("alpha", 1)],
    mul: () => [(x, y) => x * y, (x, y) => y, (x) => x],
    div: () => [(x, y) => x / y, (x, y) => 1 / y, (x, y, z) => -z / y],
    pow: () => [power,
      (x, y) => (y === 0 ? null : y * power(x, y - 1)),
      (x, y, z) => (x === 0 && y >= 0 ? 0 : z * Math.log(x))],
    maximum: () => extreme((x, y) => x > y),
    minimum: () => extreme((x, y) => x < y),
    gt: () => compare((x, y) => x > y), lt: () => compare((x, y) => x < y),
    ge: () => compare((x, y) => x >= y), le: () => compare((x, y) => x <= y),
    eq: () => compare((x, y) => x === y), ne: () => compare((x, y) => x !== y),
    where: () => [(test, x, y) => (test ? x : y), null, (test) => (test ? 1 : null), (test) => (test ? null : 1)],
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
    sigmoid: () => [sigmoid, (x, y) => y * (1 - y)],
    logsigmoid: () => [(x) => -softplus(-x), (x) => sigmoid(-x)],
    relu: () => [(x) => (x > 0 || x !== x ? x : 0), (x) => (x <= 0 ? null : 1)],
    clamp: (o) => { const low = round(o("min", -Infinity)), high = round(o("max", Infinity));
      return [(x) => Math.min(Math.max(x, low), high), (x) => (x >= low && x <= high ? 1 : null)]; },
    leaky_relu: (o) => { const k = o("negative_slope", 0.01);
      return [(x) => (x > 0 ? x : k * x), (x) => (x > 0 ? 1 : k)]; },
    elu: (o) => { const k = o("alpha", 1);
      return [(x) => (x > 0 ? x : k * Math.expm1(x)), (x) => (x <= 0 ? k * Math.exp(x) : 1)]; },
    softplus: (o) => { const k = o("beta", 1), far = o("threshold", 20);
      return [(x) => (k * x > far ? x : softplus(k * x) / k), (x) => (k * x > far ? 1 : sigmoid(k * x))]; },
    silu: () => [(x) => x * sigmoid(x), (x) => sigmoid(x) * (1 + x * (1 - sigmoid(x)))],
    abs: () => [Math.abs, sign],
    sign: () => [sign, closed],
    floor: () => [Math.floor, closed], ceil: () => [Math.ceil, closed],
    round: () => [even, closed],
    zeros_like: () => [none], ones_like: () => [one], detach: () => [(x) => x],
  };

  function elementwise(name, o, xs, scale) {
    const [value, ...slopes] = (ELEMENTWISE[name] || LOSSES[name])(o);
    const s = broadcast(xs.map((x) => x.s)), maps = xs.map((x) => spread(x.s, s));
    const at = (i) => xs.map((x, k) => x.a[maps[k][i]]);
    const y = tensor(s, maps[0].map((_, i) => round(value(...at(i)))));
    return [y, (g) => xs.map((x, k) => {
      if (!slopes[k]) return null;
      const found = zeros(x.s);
      y.a.forEach((z, i) => {
        found.a[maps[k][i]] += times(g.a[g.a.length > 1 ? i : 0] * (scale || 1), slopes[k](...at(i), z));
      });
      return found;
    })];
  }

  const LOSSES = {
    mse_loss: () => [(x, y) => (x - y) ** 2, (x, y) => 2 * (x - y), (x, y) => 2 * (y - x)],
    binary_cross_entropy_with_logits: () =>
      [(x, y) => softplus(x) - x * y, (x, y) => sigmoid(x) - y, (x) => -x],
    binary_cross_entropy: () => [
      (x, y) => -(y * Math.max(Math.log(x), -100) + (1 - y) * Math.max(Math.log1p(-x), -100)),
      (x, y) => (x - y) / Math.max((1 - x) * x, 1e-12)],
  };

  function loss(name, o, xs) {
    const how = o("reduction", "mean"), many = size(broadcast(xs.map((x) => x.s)));
    const scale = how === "mean" ? 1 / many : 1, [y, back] = elementwise(name, o, xs, scale);
    const sum = y.a.reduce((a, b) => a + b, 0) * scale;
    return [how === "none" ? y : tensor([], [sum]), back];
  }

  // -- Reductions: of a row of numbers, and the tensor, [value, derivative by each] ------------

  const add = (xs) => xs.reduce((a, b) => a + b, 0);
  // Of the whole tensor, torch lets a gradient through only where the best is, which may be NaN.
  const tied = (best, whole) => (xs) => {
    const y = xs.some(Number.isNaN) ? NaN : best(...xs);
    const mine = xs.map((x) => (whole ? Object.is(x + 0, y + 0) : x === y)), n = add(mine);
    return [y, mine.map((is) => (whole && !is ? null : is / n))];
  };
  const norm = (xs) => {
    const y = Math.sqrt(add(xs.map((x) => x * x)));
    return [y, xs.map((x) => (y === 0 ? 0 : x / y))];
  };
  const variance = (o, root) => (xs) => {
    const free = o("unbiased", true) === false ? 0 : o("correction", 1);
    const mean = add(xs) / xs.length, n = xs.length - free;
    let middle = 0, squares = 0; // so that equal numbers are exactly 0 apart
    xs.forEach((x, i) => { const off = x - middle; middle += off / (i + 1); squares += off * (x - middle); });
    const v = squares / n, y = root ? Math.sqrt(v) : v;
    return [y, xs.map((x) => (root ? (y === 0 ? null : (x - mean) / n / y) : 2 * (x - mean) / n))];
  };
  const REDUCTIONS = {
    sum: () => (xs) => [add(xs), xs.map(one)],
    mean: () => (xs) => [add(xs) / xs.length, xs.map(() => 1 / xs.length)],
    prod: (o) => (xs, x) => {
      const y = round(xs.reduce((a, b) => a * b, 1)), nils = x.a.filter((each) => each === 0).length;
      const shut = nils > 1 && o("dim", null) === null;
      return [y, xs.map((each, i) => shut ? null : nils || !x.s.length
        ? xs.reduce((a, b, k) => (k === i ? a : a * b), 1) : y / each)];
    },
    amax: () => tied(Math.max), amin: () => tied(Math.min),
    max: () => tied(Math.max, true), min: () => tied(Math.min, true),
    logsumexp: () => (xs) => {
      const top = Math.max(...xs), m = Number.isFinite(top) ? top : 0;
      const y = m + Math.log(add(xs.map((x) => Math.exp(x - m))));
      return [y, xs.map((x) => Math.exp(x - y))];
    },
    norm: (o) => (["fro", 2, null].includes(o("p", null)) ? norm : unknown("norm")),
    vector_norm: (o) => (o("ord", 2) === 2 ? norm : unknown("vector_norm")),
    var: (o) => variance(o), std: (o) => variance(o, true),
  };

  // For each row along some dimensions, the places of its numbers.
  function rows(s, dims) {
    const steps = strides(s), all = s.map((_, i) => i);
    const inner = all.filter((i) => dims.includes(i)), outer = all.filter((i) => !dims.includes(i));
    const pick = (list, is) => is.map((i) => list[i]);
    return walk(pick(s, outer), pick(steps, outer)).map((at) => walk(pick(s, inner), pick(steps, inner), at));
  }

  function reduction(name, o, [x]) {
    const rule = REDUCTIONS[name](o);
    let dims = o("dim", null);
    dims = (dims === null || (Array.isArray(dims) && !dims.length) ? x.s.map((_, i) => i) : [dims].flat())
      .map((d) => axis(d, x.s.length));
    const keep = o("keepdim", false);
    const found = rows(x.s, dims).map((at) => [at, ...rule(at.map((i) => x.a[i]), x)]);
    const s = x.s.map((d, i) => (dims.includes(i) ? (keep ? 1 : -1) : d)).filter((d) => d >= 0);
    return [tensor(s, found.map(([, y]) => y)), (g) => {
      const dx = zeros(x.s);
      found.forEach(([at, , slopes], n) => at.forEach((i, k) => { dx.a[i] = times(g.a[n], slopes[k]); }));
      return [dx];
    }];
  }

  // -- Along one dimension: [values, gradients from the gradients of the values] --------------

  const soft = (xs) => {
    const top = Math.max(...xs), parts = xs.map((x) => Math.exp(x - top)), sum = round(add(parts));
    return [parts.map((p) => p / sum), xs.map((x) => x - top - Math.log(sum))];
  };
  const ALONG = {
    softmax: (xs) => {
      const [ys] = soft(xs);
      return [ys, (gs) => { const dot = add(gs.map((g, i) => g * ys[i])); return ys.map((y, i) => y * (gs[i] - dot)); }];
    },
    log_softmax: (xs) => {
      const [ps, ys] = soft(xs);
      return [ys, (gs) => { const sum = add(gs); return ps.map((p, i) => gs[i] - p * sum); }];
    },
    cumsum: (xs) => [xs.map((_, i) => add(xs.slice(0, i + 1))), (gs) => gs.map((_, i) => add(gs.slice(i)))],
  };

  function along(name, o, [x]) {
    const dim = o("dim", null);
    if (dim === null) unknown(name);
    const y = zeros(x.s), lines = rows(x.s, [axis(dim, x.s.length)]);
    const backs = lines.map((at) => {
      const [ys, back] = ALONG[name](at.map((i) => x.a[i]));
      at.forEach((i, k) => { y.a[i] = ys[k]; });
      return back;
    });
    return [y, (g) => {
      const dx = zeros(x.s);
      lines.forEach((at, n) => backs[n](at.map((i) => g.a[i])).forEach((d, k) => { dx.a[at[k]] = d; }));
      return [dx];
    }];
  }

  // -- Views and copies: a shape, and for each number the place that it comes from (-1: none) --

  const whole = (s) => walk(s, strides(s));
  const drop = (list, i) => list.filter((_, k) => k !== i);
  const permuted = (s, order) => [order.map((d) => s[d]), walk(order.map((d) => s[d]), order.map((d) => strides(s)[d]))];
  const reshaped = (s, to) => {
    const known = -size(to);
    return [to.map((d) => (d === -1 ? size(s) / known : d)), whole(s)];
  };
  const swapped = (s, a, b) => {
    const order = s.map((_, i) => i);
    [order[a], order[b]] = [order[b], order[a]];
    return permuted(s, order);
  };
  const sliced = (s, d, from, to, step) => {
    const n = s[d], start = Math.min(axis(from ?? 0, n), n), end = Math.min(axis(to ?? n, n), n);
    const shape = s.with(d, Math.max(0, Math.ceil((end - start) / step)));
    return [shape, walk(shape, strides(s).with(d, strides(s)[d] * step), start * strides(s)[d])];
  };
  const selected = (s, d, i) =>
    [drop(s, d), walk(drop(s, d), drop(strides(s), d), axis(i, s[d]) * strides(s)[d])];
  const VIEWS = {
    reshape: (s, o) => reshaped(s, o("shape", [])),
    flatten: (s, o) => {
      const from = axis(o("start_dim", 0), s.length), to = axis(o("end_dim", -1), s.length);
      return reshaped(s, [...s.slice(0, from), size(s.slice(from, to + 1)), ...s.slice(to + 1)]);
    },
    view_as: (s, o, [, like]) => reshaped(s, like.s),
    t: (s) => (s.length < 2 ? [s, whole(s)] : swapped(s, 0, 1)),
    T: (s) => permuted(s, s.map((_, i) => i).reverse()),
    mT: (s) => swapped(s, s.length - 2, s.length - 1),
    transpose: (s, o) => swapped(s, axis(o("dim0"), s.length), axis(o("dim1"), s.length)),
    permute: (s, o) => permuted(s, o("dims").map((d) => axis(d, s.length))),
    unsqueeze: (s, o) => { const d = axis(o("dim"), s.length + 1); return [s.toSpliced(d, 0, 1), whole(s)]; },
    squeeze: (s, o) => {
      const dims = [o("dim", s.map((_, i) => i))].flat().map((d) => axis(d, s.length));
      return [s.filter((d, i) => d !== 1 || !dims.includes(i)), whole(s)];
    },
    expand: (s, o) => {
      const size = o("size"), to = size.map((d, i) => (d === -1 ? s[i - size.length + s.length] : d));
      return [to, spread(s, to)];
    },
    expand_as: (s, o, [, like]) => [like.s, spread(s, like.s)],
    flip: (s, o) => {
      const dims = o("dims").map((d) => axis(d, s.length)), steps = strides(s);
      const start = add(dims.map((d) => (s[d] - 1) * steps[d]));
      return [s, walk(s, steps.map((step, i) => (dims.includes(i) ? -step : step)), start)];
    },
    select: (s, o) => selected(s, axis(o("dim"), s.length), o("index")),
    slice: (s, o) => sliced(s, ...o("slice")),
    clone: (s) => [s, whole(s)], alias: (s) => [s, whole(s)],
  };

  function view(name, o, xs) {
    const [x] = xs, [s, places] = VIEWS[name](x.s, o, xs);
    return [tensor(s, places.map((at) => (at < 0 ? 0 : x.a[at]))), (g) => {
      const dx = zeros(x.s);
      places.forEach((at, i) => { if (at >= 0) dx.a[at] += g.a[i]; });
      return [dx, ...xs.slice(1).map(() => null)];
    }];
  }

  function join(name, o, xs) {
    const stack = name === "stack", n = xs[0].s.length + stack, d = axis(o("dim", 0), n);
    const parts = xs.map((x) => (stack ? x.s.toSpliced(d, 0, 1) : x.s));
    const s = parts[0].with(d, add(parts.map((p) => p[d]))), steps = strides(s), y = zeros(s);
    let before = 0;
    const maps = parts.map((p) => {
      const places = walk(p, steps, before * steps[d]);
      before += p[d];
      return places;
    });
    maps.forEach((places, k) => places.forEach((at, i) => { y.a[at] = xs[k].a[i]; }));
    return [y, (g) => xs.map((x, k) => tensor(x.s, maps[k].map((at) => g.a[at])))];
  }

  // -- Products of matrices -------------------------------------------------------------------

  const turned = (x) => view("mT", null, [x])[0];
  function product(x, y) {
    const [n, k] = x.s, m = y.s[1], z = zeros([n, m]);
    if (y.s[0] !== k || x.s.length > 2 || y.s.length > 2) unknown("matmul");
    z.a.forEach((_, i) => {
      for (let l = 0; l < k; l++) z.a[i] += x.a[Math.floor(i / m) * k + l] * y.a[l * m + (i % m)];
    });
    return z;
  }

  function matmul(name, o, [x, y]) {
    const rowed = x.s.length === 1 ? tensor([1, ...x.s], x.a) : x;
    const columned = y.s.length === 1 ? tensor([...y.s, 1], y.a) : y;
    const z = product(rowed, columned), inner = z.s;
    const s = [...(x.s.length === 1 ? [] : inner.slice(0, -1)), ...(y.s.length === 1 ? [] : inner.slice(-1))];
    return [tensor(s, z.a), (g) => {
      const up = tensor(inner, g.a);
      return [tensor(x.s, product(up, turned(columned)).a), tensor(y.s, product(turned(rowed), up).a)];
    }];
  }

  function addmm(name, o, [b, x, y]) {
    const [xy, back] = matmul(name, o, [x, y]), [z, split] = elementwise("add", o, [b, xy]);
    return [z, (g) => [split(g)[0], ...back(g)]];
  }

  function nll_loss(name, o, [x, target]) {
    const how = o("reduction", "mean"), c = x.s.at(-1), n = target.a.length;
    if (x.s.length > 2 || target.a.some((t) => t < 0)) unknown(name);
    const places = target.a.map((t, i) => i * c + t), scale = how === "mean" ? 1 / n : 1;
    const ys = places.map((at) => -x.a[at]);
    const y = how === "none" ? tensor(target.s, ys) : tensor([], [add(ys) * scale]);
    return [y, (g) => {
      const dx = zeros(x.s);
      places.forEach((at, i) => { dx.a[at] = -g.a[g.a.length > 1 ? i : 0] * scale; });
      return [dx, null];
    }];
  }

  const OTHERS = { matmul, addmm, nll_loss, cat: join, stack: join };

  // -- Calls that torch records as several nodes: [operation, what it is given, node, options] --
  // What it is given are tensors, or the places of earlier steps.

  const first = { dim: 0 };
  // What is not laid out row by row, as a transposed matrix is not, is copied before it is viewed.
  const copied = ([x, ...more], o, { nodes, op, named }) => nodes.length < 2 ? null
    : [["clone", [x], "Clone"], [op, [0, ...more], "", named]];
  const SEVERAL = {
    reshape: copied, flatten: copied, view_as: copied,
    __rtruediv__: ([k, x]) => [["reciprocal", [x], "Reciprocal"], ["mul", [0, k], "Mul"]],
    l1_loss: ([x, y], o) => {
      const how = o("reduction", "mean"), steps = [["sub", [x, y], "Sub"], ["abs", [0], "Abs"]];
      return how === "none" ? steps : [...steps, [how, [1], how === "sum" ? "Sum" : "Mean"]];
    },
    cross_entropy: ([x, y], o) => {
      if (o("label_smoothing", 0) || y.s.length >= x.s.length) unknown("cross_entropy");
      return [["log_softmax", [x], "LogSoftmax", { dim: -1 }],
        ["nll_loss", [0, y], "NllLoss", { reduction: o("reduction", "mean") }]];
    },
    outer: ([x, y]) => [["reshape", [x], "View", { shape: [-1, 1] }], ["mul", [0, y], "Mul"]],
    linear: ([x, w, b]) => {
      const t = ["t", [w], "T"];
      if (x.s.length === 2) return [t, b ? ["addmm", [b, x, 0], "Addmm"] : ["matmul", [x, 0], "Mm"]];
      if (b) return [["unsqueeze", [x], "View", first], t, ["addmm", [b, 0, 1], "Addmm"], ["squeeze", [2], "View", first]];
      return [t, ["unsqueeze", [x], "Unsqueeze", first], ["matmul", [1, 0], "Mm"], ["squeeze", [2], "Squeeze", first]];
    },
    matmul: ([x, y]) => x.s.length !== 1 || y.s.length !== 2 ? null
      : [["unsqueeze", [x], "Unsqueeze", first], ["matmul", [0, y], "Mm"], ["squeeze", [1], "Squeeze", first]],
    __getitem__: ([x], o, { steps }) => steps.map(([op, dim, ...rest], n) =>
      [op, [n ? n - 1 : x], op[0].toUpperCase() + op.slice(1), { dim, index: rest[0], slice: [dim, ...rest] }]),
  };

  function operation(name) {
    const has = (table) => Object.hasOwn(table, name);
    if (has(ELEMENTWISE)) return elementwise;
    if (has(LOSSES)) return loss;
    if (has(REDUCTIONS)) return reduction;
    if (has(ALONG)) return along;
    if (has(VIEWS)) return view;
    if (has(OTHERS)) return OTHERS[name];
    return null;
  }

  // -- A whole graph ----------------------------------------------------------------------------

  // All quantities of a tape's graph, by name, with other numbers for some inputs:
  // {0: numbers, …} by the places of tensors. Throws an error with its name as ``unknown``
  // for an operation that is not among these.
  function calculate(graph, inputs) {
    round = graph.single ? Math.fround : (x) => x;
    const rounded = (x) => tensor(x.s, x.a.map(round));
    const known = (name) => {
      const found = graph.known[name];
      return found && tensor(found[0], found[1].map(Number));
    };
    const found = {}, work = new Map();
    graph.tensors.forEach((_, n) => { found[`v${n}`] = known(`v${n}`); });
    for (const n in inputs) found[`v${n}`] = rounded(tensor(found[`v${n}`].s, inputs[n]));

    for (const call of graph.calls) {
      const values = call.given.map((each) => (each.map ? rounded(tensor([], each.map(Number))) : found[`v${each}`]));
      const slots = new Map(values.map((value, i) => [value, call.given[i].map ? null : graph.tensors[call.given[i]].at]));
      const left = [...call.nodes], done = [], several = Object.hasOwn(SEVERAL, call.op) && SEVERAL[call.op];
      const steps = (several && several(values, options(call.named), call))
        || [[call.op, values, "", call.named]];
      for (const [op, given, kind, named] of steps) {
        const run = operation(op), o = options(named);
        if (!run || call.made.length !== 1) unknown(call.name);
        const xs = given.map((each) => (typeof each === "number" ? done[each].y : each));
        const ends = given.map((each) => (typeof each === "number" ? done[each].at : slots.get(each)));
        const [y, back] = run(op, o, xs);
        const place = ends.some(Boolean) ? left.findIndex((node) => graph.nodes[node].startsWith(kind)) : -1;
        const node = place < 0 ? null : left.splice(place, 1)[0];
        const step = { y: rounded(y), at: node === null ? null : [node, 0], ends, back };
        done.push(step);
        if (node !== null) work.set(node, step);
      }
      found[`v${call.made[0]}`] = done.at(-1).y;
    }

    // Backward, in the engine's order.
    const edges = graph.nodes.map(() => []), sums = {};
    graph.edges.forEach(([source, target, output], n) => edges[source].push([n, target, output]));
    const arrive = (name, g) => {
      sums[name] = sums[name] ? rounded(tensor(g.s, g.a.map((x, i) => x + sums[name].a[i]))) : g;
    };
    for (const [node, output] of graph.roots) {
      const name = `r${node}.${output}`, start = known(name);
      if (!start || !graph.order.length) continue;
      graph.edges.forEach(([, target, place], n) => {
        const sent = target === node && place === output && known(`e${n}`);
        if (sent) sent.a.forEach((x, i) => { start.a[i] -= x; });
      });
      if (start.a.some((x) => x !== 0)) arrive(name, start);
    }
    for (const node of graph.order) {
      const name = `r${node}.0`, step = work.get(node);
      if (!sums[name]) continue;
      found[name] = sums[name];
      if (graph.known[`g${node}`]) found[`g${node}`] = sums[name];
      if (!step) continue;
      const sent = step.back(sums[name]);
      const slopes = size(step.y.s) === 1 ? step.back(tensor(step.y.s, [1])) : [];
      const open = [...edges[node]];
      step.ends.forEach((end, i) => {
        const place = end ? open.findIndex(([, target, output]) => target === end[0] && output === end[1]) : -1;
        if (place < 0 || !sent[i]) return;
        const [[n]] = open.splice(place, 1);
        found[`e${n}`] = rounded(sent[i]);
        if (graph.known[`d${n}`]) found[`d${n}`] = rounded(tensor([], slopes[i].a));
        arrive(`r${end[0]}.${end[1]}`, found[`e${n}`]);
      });
    }
    return found;
  }

  // The name of the first quantity that comes out other than PyTorch's, or null.
  function difference(graph, found) {
    for (const name in graph.known) {
      const [s, a] = graph.known[name], theirs = a.map(Number), ours = found[name];
      const near = (graph.single ? 1e-4 : 1e-9) * Math.max(...theirs.filter(Number.isFinite).map(Math.abs), 1e-6);
      const close = (x, y) => Object.is(x, y) || x === y || Math.abs(x - y) <= near;
      if (!ours || `${ours.s}` !== `${s}` || !theirs.every((x, i) => close(ours.a[i], x))) return name;
    }
    return null;
  }

  window.autogradAtlas = Object.assign(window.autogradAtlas || {}, { calculate, difference });
})();
