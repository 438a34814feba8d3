/* What is typed is compared with what the program gave. */

import { isAccepted, parts, replyTo } from "./answers.mjs";

export function predict(form, wanted, known) {
  const field = form.querySelector("input");
  const mistakes = known.map(({ item, typed }) => ({ item, answer: parts(typed) }));
  return () => {
    const given = parts(field.value);
    const reply = replyTo(given, wanted);
    const mistake = mistakes.find(({ answer }) => isAccepted(given, answer));
    if (mistake && reply !== "right" && reply !== "empty") return { item: mistake.item };
    return { reply, blank: { count: wanted.length, wrong: field.value.trim() }[reply] };
  };
}
