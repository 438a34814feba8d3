/* A line of the program, or a box of its picture, is chosen: lines and boxes become radio buttons. */

import { create } from "../../player/elements.js";
import { lay, layerOf, roomOf } from "../../player/overlay.js";
import { filled } from "./filled.js";

const radio = (value, ariaLabel) =>
  create("input", { type: "radio", name: "found", className: "aa-choice", value, ariaLabel });

// What stands in each line of a block of code, in its colours.
function linesOf(block) {
  const lines = [];
  const walker = document.createTreeWalker(block, NodeFilter.SHOW_TEXT);
  let range = new Range();
  range.setStart(block, 0);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    for (const { index } of node.data.matchAll("\n")) {
      range.setEnd(node, index + 1);
      lines.push(range.cloneContents());
      range = new Range();
      range.setStart(node, index + 1);
    }
  }
  range.setEnd(block, block.childNodes.length);
  if (`${range}`) lines.push(range.cloneContents());
  return lines;
}

function chooseLine(exercise, words, known) {
  const block = exercise.querySelector("pre");
  const rows = linesOf(block).map((line, place) => {
    const value = `line ${place + 1}`;
    const code = line.textContent.trim();
    if (!known.includes(value)) return create("span", { className: "aa-code-line" }, line);
    const label = filled(words.line, { values: { n: place + 1, code } });
    const row = create(
      "label",
      { className: "aa-code-line" },
      radio(value, label),
      create("span", {}, line),
    );
    row.dataset.line = place + 1;
    return row;
  });
  block.replaceChildren(...rows);
  return block;
}

function chooseBox(exercise, words) {
  const picture = exercise.querySelector(".aa-asked");
  const svg = picture.querySelector("svg[role]");
  for (const place of JSON.parse(picture.dataset.places)) {
    const box = document.getElementById(picture.dataset.prefix + place.key);
    const part = box.querySelector(place.kind === "operation" ? "rect.op" : "rect:not(.op)");
    lay(radio(place.typed, filled(words[place.kind], { values: place })), svg, roomOf(part));
  }
  return layerOf(svg);
}

export function find(form, { answer, lines }, known) {
  const exercise = form.closest(".aa-exercise");
  const words = JSON.parse(form.dataset.say);
  const group = lines ? chooseLine(exercise, words, lines) : chooseBox(exercise, words);
  group.role = "radiogroup";
  group.setAttribute("aria-labelledby", `${exercise.id}-title`);
  // They stay where they are, for a button that copies a program would send the form that it is in.
  form.id = `${exercise.id}-form`;
  for (const choice of group.querySelectorAll(".aa-choice")) choice.setAttribute("form", form.id);
  group.addEventListener("input", () => form.dispatchEvent(new Event("input")));
  return () => {
    const chosen = group.querySelector(":checked");
    if (!chosen) return { reply: "empty" };
    if (chosen.value === answer) return { reply: "right" };
    const mistake = known.find(({ typed }) => typed === chosen.value);
    return mistake ?? { reply: "wrong", values: { typed: chosen.ariaLabel } };
  };
}
