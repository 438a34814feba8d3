/* A formula in TeX as MathML; throws an error that says what is wrong with it. */

import { createRequire } from "node:module";

const temml = createRequire(import.meta.url)("temml"); // from NODE_PATH, which import does not read

export const mathml = (tex, displayMode) =>
  temml.renderToString(tex, { displayMode, throwOnError: true });
