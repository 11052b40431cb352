// A call of a function that V8's optimising compiler has compiled with three others put into it: optimised.js FILE. The engine
// tells the stack, then the thread waits for ever. To be run with --allow-natives-syntax.
import { writeFileSync } from "node:fs";

Error.stackTraceLimit = 200;

function stand() {
  const told = new Error("here").stack.split("\n").slice(1);
  writeFileSync(process.argv[2], JSON.stringify({ version: process.version, told }));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

/** So many that the compiler doesn't guess which is called. */
const tasks = [
  (n) => n + 1,
  (n) => n + 2,
  (n) => n * 3,
  (n) => n - 4,
  (n) => n ^ 5,
  (n) => n | 6,
  (n) => (stand(), n),
];

function leaf(which, n) {
  const task = tasks[which];
  return task(n);
}

function middle(which, n) {
  return leaf(which, n) + 1;
}

function outer(which, n) {
  return middle(which, n) + middle(which, n + 1);
}

function apart(which, n) {
  return outer(which, n) * 2;
}

/** A word to the engine itself. */
const engine = (word) => new Function("of", `%${word}(of)`);
for (const each of [apart, outer, middle, leaf]) engine("PrepareFunctionForOptimization")(each);
for (let round = 0; round < 600; round++) apart(round % 6, round);
engine("OptimizeFunctionOnNextCall")(apart);
apart(5, 1);

/** Compiled for no task, into the function that calls it: what the compiler made is given up when there is one. */
function inlined(then) {
  return then === undefined ? 0 : then();
}

function undone(then) {
  return inlined(then) + 1;
}

for (const each of [undone, inlined]) engine("PrepareFunctionForOptimization")(each);
for (let round = 0; round < 600; round++) undone();
engine("OptimizeFunctionOnNextCall")(undone);
undone();
undone(function last() {
  apart(6, 1);
});
