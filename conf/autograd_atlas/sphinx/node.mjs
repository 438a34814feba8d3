/* Calls the functions of a module: reads [function, ...arguments], one a line of JSON, and answers
   each with one line, {value} or {error}. */

import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const functions = await import(pathToFileURL(process.argv[2]));

createInterface({ input: process.stdin }).on("line", (line) => {
  const [name, ...given] = JSON.parse(line);
  let answer;
  try {
    answer = { value: functions[name](...given) };
  } catch (problem) {
    answer = { error: problem.message };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
});
