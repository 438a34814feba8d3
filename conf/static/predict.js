/* Exercises: compares what a reader types with the answer, and replies. Without it, question and
   solution stand there. `exercises.py` takes answers apart in the same way. */
(() => {
  const parts = (typed) =>
    typed
      .normalize("NFKC")
      .replace(/−/g, "-")
      .replace(/tensor(?=\()|torch::autograd::|["'‘’“”`]/g, " ")
      .split(/[\s,;、()[\]]+/)
      .filter(Boolean);

  /* The number that a part says, or null if it is a word. */
  const number = (part) => {
    const fraction = part.match(/^([-+]?[\d.]+)\/([\d.]+)$/);
    if (fraction) return fraction[1] / fraction[2];
    if (/^[-+]?inf$/i.test(part)) return part[0] === "-" ? -Infinity : Infinity;
    return part !== "" && Number.isFinite(+part) ? +part : null;
  };

  /* A number with decimals may be given rounded, to within 2 %. */
  const same = (given, wanted) => {
    const [a, b] = [number(given), number(wanted)];
    if (a === null || b === null) return given.toLowerCase() === wanted.toLowerCase();
    if (a === b) return true;
    if (Number.isInteger(b)) return Math.abs(a - b) <= 1e-9 * Math.abs(b);
    const digits = given.includes("/") ? 9 : (given.split(".")[1] || "").length;
    return Math.abs(a - b) <= Math.min(0.501 * 10 ** -digits, 0.02 * Math.abs(b));
  };

  const allSame = (given, wanted, alike = same) =>
    given.length === wanted.length && given.every((part, at) => alike(part, wanted[at]));

  const generic = (given, wanted, typed, say) => {
    const numbers = wanted.every((part) => number(part) !== null);
    const fits = wanted.length > 1 || (number(given[0]) !== null) === numbers;
    if (given.length !== wanted.length || !fits) {
      if (wanted.length > 1) return say.count.replace("{}", wanted.length);
      return numbers ? say.number : say.word;
    }
    if (numbers && allSame(given, wanted, (a, b) => Math.abs(number(a)) === Math.abs(number(b)))) {
      return say.sign;
    }
    const sorted = (list) => list.map((part) => number(part) ?? part.toLowerCase()).map(String).sort();
    if (`${sorted(given)}` === `${sorted(wanted)}`) return say.order;
    return say.wrong.replace("{}", () => typed);
  };

  for (const form of document.querySelectorAll(".aa-predict form")) {
    const wanted = JSON.parse(form.dataset.answer).flatMap(parts);
    const say = JSON.parse(form.dataset.say);
    const field = form.querySelector("input");
    const reply = form.querySelector(".aa-reply");
    const known = [...form.parentNode.querySelectorAll(".aa-others li")];
    form.hidden = false;
    field.addEventListener("input", () => reply.replaceChildren());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const given = parts(field.value);
      const right = allSame(given, wanted);
      const told = known.find((item) => allSame(parts(item.querySelector("code").textContent), given));
      reply.classList.toggle("aa-right", right);
      if (right || !given.length) reply.textContent = right ? say.right : say.empty;
      else if (told) reply.replaceChildren(...told.cloneNode(true).childNodes);
      else reply.textContent = generic(given, wanted, field.value.trim(), say);
    });
  }
})();
