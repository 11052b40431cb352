/**
 * The lab's part of `npm test`: test/lab/*.test.ts in the lab. Further arguments go to mocha; files among them are run
 * instead.
 */
import { join } from "node:path";
import { runningLab } from "./namespaces.ts";
import { whyNoLab } from "./preconditions.ts";
import { LAB_ENVIRONMENT } from "./sockets.ts";
import { runSuite } from "./suite.ts";

process.exitCode = await runSuite({
  what: "lab tests",
  why: whyNoLab(),
  isUp: () => runningLab() !== undefined,
  script: join(import.meta.dirname, "lab.ts"),
  mocha: ["--timeout", "60000", ...process.argv.slice(2)],
  tests: "test/lab/*.test.ts",
  environment: LAB_ENVIRONMENT,
});
