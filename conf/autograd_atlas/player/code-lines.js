/* Finds the lines of a figure's program on the page, and puts each into an element of its own. */

import { create, queryAll } from "./elements.js";

const knownLines = new WeakMap(); // by <pre>: elements by line, as several figures may share one

// By its number, the element of each wanted line that is shown.
export function codeLines(figure, wanted) {
  const lines = new Map();
  for (const block of blocksFor(figure)) {
    const pre = block.querySelector("pre");
    if (!pre) continue;
    const first = Number(/aa-from-(-?\d+)/.exec(block.className)[1]);
    if (!knownLines.has(pre)) knownLines.set(pre, new Map());
    const known = knownLines.get(pre);
    let start = 0;
    pre.textContent.split("\n").forEach((text, n) => {
      if (wanted.has(first + n) && text) {
        if (!known.has(n)) known.set(n, wrapped(pre, start, start + text.length));
        lines.set(first + n, known.get(n));
      }
      start += text.length + 1;
    });
  }
  return lines;
}

// The blocks of code that name this figure; if there are none, those that name no figure.
function blocksFor(figure) {
  const program = figure.closest(".aa-program");
  const blocks = queryAll(program || document, "[class*=aa-from-]").filter(
    (block) => block.closest(".aa-program") === program,
  );
  const own = blocks.filter((block) => block.classList.contains(`aa-for-${figure.id}`));
  return own.length ? own : blocks.filter((block) => !/aa-for-/.test(block.className));
}

// Puts an element around some characters of a block.
function wrapped(pre, start, end) {
  const range = document.createRange();
  const walker = document.createTreeWalker(pre, NodeFilter.SHOW_TEXT);
  let before = 0;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const after = before + node.data.length;
    if (before <= start && start < after) range.setStart(node, start - before);
    if (before < end && end <= after) range.setEnd(node, end - before);
    before = after;
  }
  const options = { className: "aa-line", tabIndex: 0 };
  const line = create("span", options, range.extractContents());
  range.insertNode(line);
  return line;
}
