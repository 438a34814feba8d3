/* Exercises: compares what a reader types with the answer, and replies. Without it, question and
   solution stand there. `exercises.py` understands answers in the same way. */
(() => {
  const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

  const parts = (typed) =>
    typed
      .normalize("NFKC")
      .replace(/[−–]/g, "-")
      .replace(/tensor(?=\()|torch::autograd::|["'‘’“”`]/g, " ")
      .replace(/\s*\/\s*/g, "/")
      .split(/[\s,;、。()[\]]+/)
      .map((part) => (NUMBER.test(part) ? part : part.replace(/\.+$/, "")))
      .filter(Boolean);

  /* The number that a part says, or null if it is a word. */
  const number = (part) => {
    const fraction = part.match(/^([-+]?[\d.]+)\/([\d.]+)$/);
    if (fraction) return fraction[1] / fraction[2];
    if (/^[-+]?(inf(inity)?|∞)$/i.test(part)) return part[0] === "-" ? -Infinity : Infinity;
    return NUMBER.test(part) ? +part : null;
  };

  /* A number with decimals may be rounded, to within 2 %. */
  const same = (given, wanted) => {
    const [a, b] = [number(given), number(wanted)];
    if (a === null || b === null) return given.toLowerCase() === wanted.toLowerCase();
    if (a === b || !Number.isFinite(a) || !Number.isFinite(b)) return a === b;
    if (Number.isInteger(b)) return Math.abs(a - b) <= 1e-9 * Math.abs(b);
    if (Math.abs(a - b) <= 1e-6 * Math.abs(b)) return true;
    if (given.includes("/")) return false;
    const [mantissa, exponent] = given.toLowerCase().split("e");
    const unit = 10 ** ((exponent || 0) - (mantissa.split(".")[1] || "").length);
    return Math.abs(a - b) <= Math.min(0.501 * unit, (unit < 1 ? 0.02 : 0.005) * Math.abs(b));
  };

  const taken = (given, wanted, alike = same) =>
    given.length === wanted.length && given.every((part, at) => alike(part, wanted[at]));

  const takenInSomeOrder = (given, wanted) => {
    const left = [...wanted];
    return given.every((part) => {
      const at = left.findIndex((each) => same(part, each));
      return at >= 0 && left.splice(at, 1);
    });
  };

  const generic = (given, wanted, typed, say) => {
    const numbers = wanted.every((part) => number(part) !== null);
    const fits = wanted.length > 1 || (number(given[0]) !== null) === numbers;
    if (given.length !== wanted.length || !fits) {
      if (wanted.length > 1) return say.count.replace("{}", wanted.length);
      return numbers ? say.number : say.word;
    }
    const size = (part) => part.replace(/^[-+]/, "");
    if (numbers && taken(given, wanted, (a, b) => same(size(a), size(b)))) return say.sign;
    if (takenInSomeOrder(given, wanted)) return say.order;
    return say.wrong.replace("{}", () => typed);
  };

  for (const form of document.querySelectorAll(".aa-predict form")) {
    const wanted = JSON.parse(form.dataset.answer);
    const say = JSON.parse(form.dataset.say);
    const field = form.querySelector("input");
    const reply = form.querySelector(".aa-reply");
    const known = [...form.parentNode.querySelectorAll(".aa-others > ul > li")];
    form.hidden = false;
    field.addEventListener("input", () => reply.replaceChildren());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const given = parts(field.value);
      const right = taken(given, wanted);
      const told = known.find((item) => taken(given, parts(item.querySelector("code").textContent)));
      reply.classList.toggle("aa-right", right);
      if (right || !given.length) reply.textContent = right ? say.right : say.empty;
      else if (told) reply.replaceChildren(...told.cloneNode(true).childNodes);
      else reply.textContent = generic(given, wanted, field.value.trim(), say);
    });
  }
})();
