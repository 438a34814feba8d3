/* The grammar of answers to exercises, for pages and for the build, which runs this under Node.

   (It is called .mjs so that no package.json around an installed library has a say in how Node reads
   it.) */

const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;
const FRACTION = /^([-+]?[\d.]+)\/([\d.]+)$/;
const INFINITY = /^[-+]?(inf(inity)?|∞)$/i;

const EXACT = 1e-9; // by which what should be a whole number may be off, relative to it;
const ALMOST = 1e-6; // and another number that was typed to its last digit
const HALF_A_UNIT = 0.501; // of its last digit, by which a rounded number may be off;
const ROUNDED = 0.02; // but never by more than this, relative to it,
const WHOLE = 0.005; // or this, if it was rounded to a whole number

// The numbers and words of an answer.
export const parts = (typed) =>
  typed
    .normalize("NFKC")
    .replace(/[−–]/g, "-")
    .replace(/tensor(?=\()|torch::autograd::|["'‘’“”`]/g, " ")
    .replace(/\s*\/\s*/g, "/")
    .split(/[\s,;、。()[\]]+/)
    .map((part) => (NUMBER.test(part) ? part : part.replace(/\.+$/, "")))
    .filter(Boolean);

// The number that a part says, or null if it is a word.
export function numberIn(part) {
  const fraction = FRACTION.exec(part);
  if (fraction) return fraction[1] / fraction[2];
  if (INFINITY.test(part)) return part.startsWith("-") ? -Infinity : Infinity;
  return NUMBER.test(part) ? Number(part) : null;
}

// Whether a number is the one that was wanted, or is it rounded as one may round.
function isNear(given, wanted, spelled) {
  const off = Math.abs(given - wanted);
  const size = Math.abs(wanted);
  if (given === wanted || !Number.isFinite(given) || !Number.isFinite(wanted)) {
    return given === wanted;
  }
  if (Number.isInteger(wanted)) return off <= EXACT * size;
  if (off <= ALMOST * size) return true;
  if (spelled.includes("/")) return false;
  const [mantissa, exponent = 0] = spelled.toLowerCase().split("e");
  const decimals = (mantissa.split(".")[1] || "").length;
  const unit = 10 ** (exponent - decimals);
  return off <= Math.min(HALF_A_UNIT * unit, (unit < 1 ? ROUNDED : WHOLE) * size);
}

function isSame(given, wanted) {
  const [a, b] = [numberIn(given), numberIn(wanted)];
  if (a === null || b === null) return given.toLowerCase() === wanted.toLowerCase();
  return isNear(a, b, given);
}

// Whether the parts of an answer are those that were wanted.
export const isAccepted = (given, wanted, isAlike = isSame) =>
  given.length === wanted.length && given.every((part, n) => isAlike(part, wanted[n]));

function isAcceptedInSomeOrder(given, wanted) {
  const left = [...wanted];
  return given.every((part) => {
    const place = left.findIndex((each) => isSame(part, each));
    return place >= 0 && left.splice(place, 1);
  });
}

// The name of the reply to an answer: "right", "empty", or what is wrong with it.
export function replyTo(given, wanted) {
  if (isAccepted(given, wanted)) return "right";
  if (!given.length) return "empty";
  const isNumber = wanted.every((part) => numberIn(part) !== null);
  const isOne = wanted.length === 1;
  if (given.length !== wanted.length || (isOne && (numberIn(given[0]) !== null) !== isNumber)) {
    if (!isOne) return "count";
    // None and NaN stand where a number might: to ask for a word would tell which it is.
    return isNumber ? "number" : /^(none|nan)$/i.test(wanted[0]) ? "wrong" : "word";
  }
  const size = (part) => part.replace(/^[-+]/, "");
  const isSameSize = (a, b) => isSame(size(a), size(b));
  if (isNumber && isAccepted(given, wanted, isSameSize)) return "sign";
  return isAcceptedInSomeOrder(given, wanted) ? "order" : "wrong";
}
