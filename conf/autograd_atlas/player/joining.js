/* Joins steps: what happens inside of a folded block is one step for whoever sees the block alone. */

// The steps that a reader goes through, each as {first, last} of those that are stored. Such as
// follow one another in the same block, and in the same pass, are one. ``blocks`` has the key of
// the folded block that each step is in; nothing for one that is seen by itself.
export function joined(steps, blocks) {
  const runs = [];
  steps.forEach(({ then }, n) => {
    const before = runs.at(-1);
    const block = blocks[n];
    if (block && before?.block === block && !before.isBackward === !then) before.last = n;
    else runs.push({ first: n, last: n, block, isBackward: Boolean(then) });
  });
  return runs;
}
