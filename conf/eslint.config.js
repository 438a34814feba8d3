/* What eslint checks in all JavaScript of this repository: its own recommendations, and that a
   function stays small enough to be read at once. */
import { createRequire } from "node:module";

// The packages lie beside eslint itself, in the environment, and not in a folder above this file.
const require = createRequire(process.argv[1]);
const js = require("@eslint/js");
const globals = require("globals");

export default [
  { ignores: ["**/*.min.js", ".venv/", "build/"] },
  js.configs.recommended,
  {
    files: ["**/*.{js,mjs}"],
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      complexity: ["error", 15],
      eqeqeq: "error",
      "func-style": ["error", "declaration", { allowArrowFunctions: true }],
      "max-depth": ["error", 3],
      "max-lines-per-function": ["error", { max: 50 }],
      "no-eval": "error",
      "no-implicit-coercion": ["error", { allow: ["+"] }],
      "no-implied-eval": "error",
      "no-new-func": "error",
      "no-shadow": "error",
      "no-unused-vars": ["error", { args: "after-used" }],
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
    },
  },
  {
    files: ["conf/autograd_atlas/**/*.js"],
    languageOptions: { globals: globals.browser },
  },
  {
    files: ["**/*.mjs", "conf/*.js", "conf/site_extension/*.js"],
    languageOptions: { globals: globals.node },
  },
];
