/**
 * The virtual machine's part of `npm test`: test/lab/vm/*.test.ts in it. Further arguments go to mocha; files among them are
 * run instead.
 */
import { join } from "node:path";
import { whyNoVm } from "../preconditions.ts";
import { runSuite } from "../suite.ts";
import { runningMachine } from "./machine.ts";

process.exitCode = await runSuite({
  what: "virtual machine's tests",
  why: whyNoVm(),
  isUp: () => runningMachine() !== undefined,
  script: join(import.meta.dirname, "vm.ts"),
  mocha: ["--timeout", "150000", ...process.argv.slice(2)],
  tests: "test/lab/vm/*.test.ts",
});
