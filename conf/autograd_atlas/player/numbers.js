/* Numbers and tensors as text, as they were drawn (number_text and its kin in Python). */

const MOST_DIGITS = 4; // after the point

// Without zeros at the end of what stands after the point.
const shortened = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);

export function numberText(x, digits = MOST_DIGITS) {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "inf" : "−inf";
  // With fewer decimals than four, what they cannot tell has an exponent, too.
  const smallest = digits < MOST_DIGITS ? 5 * 10 ** -digits : 1e-4;
  const isExponential = Math.abs(x) >= 1e6 || (x !== 0 && Math.abs(x) < smallest);
  const [head, power] = isExponential ? x.toExponential(digits).split("e") : [x.toFixed(digits)];
  const text = shortened(head).replace(/^-0$/, "0").replace("-", "−");
  return power ? `${text}e${power[0]}${power.slice(1).padStart(2, "0")}` : text;
}

function entryText(x, digits, type) {
  if (type === "bool") return x ? "True" : "False";
  return type ? `${x}` : numberText(x, digits);
}

// The rows of a tensor, each as a line of text. ``type`` is named where it is not a float's.
export function rowTexts({ shape, numbers }, digits, type) {
  const texts = numbers.map((x) => entryText(x, digits, type));
  if (texts.length === 1) return texts;
  if (shape.length !== 2) return [`[${texts.join(", ")}]`];
  const [count, length] = shape;
  const width = Math.max(...texts.map((text) => text.length));
  const rows = Array.from({ length: count }, (_, n) => {
    const row = texts.slice(n * length, n * length + length);
    return `[${row.map((text) => text.padStart(width)).join(", ")}]`;
  });
  return rows.length > 1 ? rows : [`[${rows}]`];
}

// A tensor in a sentence.
export function valueText(value, type) {
  const rows = rowTexts(value, MOST_DIGITS, type);
  return (rows.length === 1 ? rows[0] : `[${rows.join(", ")}]`).replace(/(\[|, ) +/g, "$1");
}
