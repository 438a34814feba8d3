/* Exercises: compares what a reader types with the answer, and replies. Without it, question and
   solution stand there. */

import { isAccepted, parts, replyTo } from "./answers.mjs";

function listen(form) {
  const wanted = JSON.parse(form.dataset.answer);
  const words = JSON.parse(form.dataset.say);
  const field = form.querySelector("input");
  const reply = form.querySelector(".aa-reply");
  // Answers that the author thought of, each with its reply.
  const known = [...form.parentNode.querySelectorAll(".aa-others > ul > li")].map((item) => ({
    item,
    answer: parts(item.querySelector("code").textContent),
  }));
  form.hidden = false;
  field.addEventListener("input", () => reply.replaceChildren());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const given = parts(field.value);
    const kind = replyTo(given, wanted);
    const special = known.find(({ answer }) => isAccepted(given, answer));
    reply.classList.toggle("aa-right", kind === "right");
    if (special && kind !== "right" && kind !== "empty") {
      reply.replaceChildren(...special.item.cloneNode(true).childNodes);
    } else {
      const named = { count: wanted.length, wrong: field.value.trim() };
      reply.textContent = words[kind].replace("{}", () => named[kind] ?? "{}");
    }
  });
}

document.querySelectorAll(".aa-predict form").forEach(listen);
