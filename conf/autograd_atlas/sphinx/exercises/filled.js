// Words with `blank` in the place of {}, and each of `values` in that of its {name}.
export const filled = (words, { blank = "{}", values = {} }) =>
  words.replace(/\{(\w*)\}/g, (_, name) => (name ? values[name] : blank));
