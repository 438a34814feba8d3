/* Exercises: each kind says what a reply is; here it is shown. Without this, question and solution
   stand there.

   A kind is a function of the form, of what is asked (see Asked in base.py), and of the mistakes
   that the author thought of, [{typed, item}]. It gives a function that is called when the form is
   sent, and gives {reply}, the name of one of the kind's words, or {item} of a mistake; `blank` goes
   into the word's {}. Where it gives nothing, nothing is said. */

import { predict } from "./predict.js";

const KINDS = { predict };

function listen(form) {
  const { kind, asked, say } = form.dataset;
  const words = JSON.parse(say);
  const exercise = form.closest(".aa-exercise");
  const reply = form.querySelector(".aa-reply");
  const known = [...exercise.querySelectorAll(".aa-others > ul > li")].map((item) => ({
    item,
    typed: item.querySelector("code").textContent,
  }));
  const check = KINDS[kind](form, JSON.parse(asked), known);
  const solution = exercise.querySelector(":scope > details");
  form.hidden = false;
  form.addEventListener("input", () => reply.replaceChildren());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const told = check();
    if (!told) return;
    const isRight = told.reply === "right";
    reply.classList.toggle("aa-right", isRight);
    if (told.item) reply.replaceChildren(...told.item.cloneNode(true).childNodes);
    else reply.textContent = words[told.reply].replace("{}", () => told.blank ?? "{}");
    if (isRight) {
      solution.open = true;
      exercise.dispatchEvent(new CustomEvent("aa-answered", { bubbles: true }));
    }
  });
}

document.querySelectorAll(".aa-exercise form").forEach(listen);
