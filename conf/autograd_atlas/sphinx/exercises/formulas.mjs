/* The grammar of formulas, for pages and for the build: a formula is parsed into a function of the
   values of its names, and two are compared at random points.

     sum     = product (("+" | "-") product)*
     product = signed (("*" | "/") signed | power)*       a power without a sign may follow at once
     signed  = ("+" | "-") signed | power
     power   = atom ("**" signed)?
     atom    = number | name | function "(" sum ")" | "(" sum ")" */

const FUNCTIONS = {
  exp: Math.exp,
  log: Math.log,
  ln: Math.log,
  sqrt: Math.sqrt,
  sin: Math.sin,
  cos: Math.cos,
  tanh: Math.tanh,
  abs: Math.abs,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  σ: (x) => 1 / (1 + Math.exp(-x)),
};
const OPERATIONS = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "**": (a, b) => a ** b,
};

const POINTS = 16; // at which two formulas are compared,
const TRIES = 500; // of so many at which the answer may be infinite or no number
const NEAR = 1e-6; // relative to the right value;
const ZERO = 1e-12; // what is left of 0 by rounding

// What is wrong with a formula: `reply` names the words, `blank` what they are about.
class FormulaError extends Error {
  constructor(reply, blank) {
    super(reply === "name" ? `there is no name ${blank}` : `${blank} cannot be read as a formula`);
    Object.assign(this, { reply, blank });
  }
}

const TOKEN =
  /\s*(?:(?<number>(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)|(?<name>[\p{L}_][\p{L}\p{N}_]*)|(?<sign>\*\*|[-+*/()]))/uy;

// Signs as people type them, or copy them from a page.
const plain = (typed) =>
  typed
    .replace(/[²³]/g, (power) => `**${"²³".indexOf(power) + 2}`)
    .normalize("NFKC")
    .replace(/[−–]/g, "-")
    .replace(/[·×⋅∗]/g, "*")
    .replace(/÷/g, "/")
    .replace(/\^/g, "**")
    .replace(/[`\s]+/g, " ")
    .trim();

function tokensOf(typed) {
  const text = plain(typed);
  const tokens = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const found = TOKEN.exec(text);
    if (!found) throw new FormulaError("syntax", typed.trim());
    tokens.push(found.groups);
  }
  return tokens;
}

// Each of its methods reads what stands at the beginning of the tokens, and gives a function of an
// object of values.
class Parser {
  constructor(typed, allowed) {
    this.typed = typed.trim();
    this.tokens = tokensOf(typed);
    this.allowed = allowed;
    this.names = new Set();
  }
  next(...signs) {
    return signs.includes(this.tokens[0]?.sign) && this.tokens.shift().sign;
  }
  wrong() {
    return new FormulaError("syntax", this.typed);
  }
  sum() {
    let left = this.product();
    for (let sign; (sign = this.next("+", "-"));) left = both(sign, left, this.product());
    return left;
  }
  product() {
    let left = this.signed();
    for (;;) {
      const sign = this.next("*", "/");
      if (sign) left = both(sign, left, this.signed());
      else if (this.tokens[0] && (!this.tokens[0].sign || this.tokens[0].sign === "(")) {
        left = both("*", left, this.power());
      } else return left;
    }
  }
  signed() {
    const sign = this.next("+", "-");
    if (!sign) return this.power();
    const inner = this.signed();
    return sign === "-" ? (values) => -inner(values) : inner;
  }
  power() {
    const base = this.atom();
    return this.next("**") ? both("**", base, this.signed()) : base;
  }
  atom() {
    if (this.next("(")) return this.closed();
    const { number, name } = this.tokens.shift() ?? {};
    if (number) return () => Number(number);
    if (!name) throw this.wrong();
    if (!this.allowed.includes(name)) return this.called(name);
    this.names.add(name);
    return (values) => values[name];
  }
  called(name) {
    if (!Object.hasOwn(FUNCTIONS, name)) throw new FormulaError("name", name);
    if (!this.next("(")) throw this.wrong();
    const inner = this.closed();
    return (values) => FUNCTIONS[name](inner(values));
  }
  closed() {
    const inner = this.sum();
    if (!this.next(")")) throw this.wrong();
    return inner;
  }
}

const both = (sign, a, b) => (values) => OPERATIONS[sign](a(values), b(values));

// A formula as {value: a function of an object of values, names: those that occur in it}.
function parse(typed, allowed) {
  const parser = new Parser(typed, allowed);
  const value = parser.sum();
  if (parser.tokens.length) throw parser.wrong();
  return { value, names: [...parser.names] };
}

export const namesIn = (formula, allowed) => parse(formula, allowed).names;

// What a formula gives where each of its names has a list of values; a list of one serves for all.
export function valuesOf(formula, lists) {
  const names = Object.keys(lists);
  const { value } = parse(formula, names);
  const count = Math.max(1, ...names.map((name) => lists[name].length));
  return Array.from({ length: count }, (_, n) =>
    value(Object.fromEntries(names.map((name) => [name, lists[name][n] ?? lists[name][0]]))),
  );
}

// Numbers from 0 to 1, the same ones each time (mulberry32, by Tommy Ettinger).
function randomNumbers(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

// The points at which formulas are compared, each with the right value there.
export function pointsOf({ answer, names, between: [low, high] }) {
  const right = parse(answer, names).value;
  const random = randomNumbers(1);
  const points = [];
  for (let n = 0; n < TRIES && points.length < POINTS; n++) {
    const values = Object.fromEntries(names.map((name) => [name, low + (high - low) * random()]));
    const wanted = right(values);
    if (Number.isFinite(wanted)) points.push({ values, wanted });
  }
  if (points.length < POINTS) {
    throw new Error(`${answer} is finite at ${points.length} of ${TRIES} points; change :between:`);
  }
  return points;
}

// The name of the reply to a formula. Throws a FormulaError.
export function replyToFormula(typed, asked) {
  if (!plain(typed)) return "empty";
  const { value } = parse(typed, asked.names);
  const points = pointsOf(asked).map(({ values, wanted }) => [value(values), wanted]);
  const isNear = ([given, wanted]) => Math.abs(given - wanted) <= NEAR * Math.abs(wanted) + ZERO;
  if (points.every(isNear)) return "right";
  return points.every(([given, wanted]) => isNear([-given, wanted])) ? "sign" : "wrong";
}
