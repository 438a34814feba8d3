/* Exercises: each kind says what a reply is; here it is shown. Without this, question and solution
   stand there.

   A kind is a function of the form, of what is asked (see Asked in base.py), and of the mistakes
   that the author thought of, [{typed, item}]. It gives a function that is called when the form is
   sent, and gives {reply}, the name of one of the kind's words, or {item} of a mistake; `blank` goes
   into the word's {}, and each of `values` to its name. Where it gives nothing, nothing is said. */

import { derive } from "./derive.js";
import { fill } from "./fill.js";
import { filled } from "./filled.js";
import { find } from "./find.js";
import { predict } from "./predict.js";

const KINDS = { derive, fill, find, predict };

function listen(form) {
  const { kind, asked, say } = form.dataset;
  const words = JSON.parse(say);
  const exercise = form.closest(".aa-exercise");
  const solution = exercise.querySelector(":scope > details");
  const reply = form.querySelector(".aa-reply");
  const known = [...exercise.querySelectorAll(".aa-others > ul > li")].map((item) => ({
    item,
    typed: item.querySelector("code").textContent,
  }));
  const check = KINDS[kind](form, JSON.parse(asked), known);
  form.addEventListener("input", () => reply.replaceChildren());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const told = check();
    if (!told) return;
    const isRight = told.reply === "right";
    reply.classList.toggle("aa-right", isRight);
    if (told.item) reply.replaceChildren(...told.item.cloneNode(true).childNodes);
    else reply.textContent = filled(words[told.reply], told);
    if (isRight) solution.open = true;
  });
  const output = document.querySelector(".aa-first-output");
  if (output && exercise.id === "exercise-first") showLater(output, solution);
}

// What answers the first exercise of a lesson is shown when its solution is open or it is asked for.
function showLater(output, solution) {
  const button = output.previousElementSibling;
  const show = () => {
    button.remove();
    output.classList.add("aa-shown");
  };
  button.addEventListener("click", () => {
    show();
    output.tabIndex = -1;
    output.focus();
  });
  solution.addEventListener("toggle", show);
}

document.querySelectorAll(".aa-exercise form").forEach(listen);
