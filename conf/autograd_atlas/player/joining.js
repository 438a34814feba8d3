/* Joins steps: what happens inside of a folded block is one step for whoever sees the block alone. */

// The steps that a reader goes through, each as {first, last} of those that are stored. Such as
// follow one another in the same block, and in the same pass, are one. ``known`` has the key of the
// folded block that each step is in; "" for one that is seen by itself, and nothing for one that is
// not seen.
export function joined(steps, known) {
  const runs = [];
  const blocks = completed(known);
  steps.forEach(({ then }, n) => {
    const before = runs.at(-1);
    const block = blocks[n];
    if (block && before?.block === block && !before.isBackward === !then) before.last = n;
    else runs.push({ first: n, last: n, block, isBackward: Boolean(then) });
  });
  return runs;
}

// A step that is not seen is in the block that the steps around it are in.
function completed(known) {
  const after = [...known];
  for (let n = known.length - 2; n >= 0; n--) after[n] ??= after[n + 1];
  let before = "";
  return known.map((block, n) => {
    before = block ?? (after[n] === before ? before : "");
    return before;
  });
}
