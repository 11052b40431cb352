// What `npm test` does, in this order. A new kind of test is a new row.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { PROJECT, hostUnavailable } from "../test/host/index.ts";
import { hasDisplay } from "./display.ts";
import { typescript } from "./processes.ts";

const MINUTE = 60_000;
const MOCHA = "node_modules/mocha/bin/mocha.js";
const REPORTER = "./scripts/reporter.cjs";

export interface Step {
  /** For `--only`. */
  readonly name: string;
  readonly title: string;
  /** Arguments of Node, one list a program; all are run, one after the other. */
  readonly programs: readonly (readonly string[])[];
  /** They are run at once instead. */
  readonly together?: true;
  readonly timeoutMs: number;
  /** Builds what it needs, long before its turn and beside other steps. It builds by itself what this didn't. */
  readonly ahead?: readonly string[];
  /**
   * Of a program whose tests fail, the files that have those are run once more (all of them where it doesn't name them), and the
   * summary says so: real daemons and a browser played by hands run on a machine that may do anything else meanwhile.
   */
  readonly twice?: true;
  /** A step without whose success this one says nothing. */
  readonly needs?: string;
  /** Why this machine can't do it and how to get it; undefined when it can. */
  readonly unavailable?: () => string | undefined;
}

const noBrowserHost = () => {
  const why = hostUnavailable();
  return why === undefined ? undefined : `${why}; run it there, or in such a container`;
};

const noDesktop = () => {
  if (hostUnavailable() === undefined || process.platform !== "linux" || hasDisplay()) return undefined;
  return "VS Code needs a display here; run `xvfb-run npm test`";
};

/** A program a file: each has a VS Code of its own. */
function browserTests(): readonly (readonly string[])[] {
  const files = readdirSync(join(PROJECT, "test/e2e")).filter((name) => name.endsWith(".test.ts"));
  // --exit: a test that failed in the middle may have left a server or a browser open.
  const words = ["--no-config", "--timeout", "300000", "--forbid-only", "--exit", "--reporter", REPORTER];
  return files.sort().map((name) => typescript(MOCHA, ...words, `test/e2e/${name}`));
}

/** Two programs, each with every other file: few tests use more than one processor. */
function unitTests(): readonly (readonly string[])[] {
  const files = readdirSync(join(PROJECT, "test/unit"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => join("test/unit", name))
    .sort();
  return [0, 1].map((half) => typescript(MOCHA, ...files.filter((_, index) => index % 2 === half)));
}

export const STEPS: readonly Step[] = [
  {
    name: "types",
    title: "Types",
    programs: [
      typescript("scripts/proto.ts"),
      ["node_modules/typescript/bin/tsc", "-p", "tsconfig.json"],
      ["node_modules/typescript/bin/tsc", "-p", "webview/tsconfig.json"],
    ],
    timeoutMs: 6 * MINUTE,
  },
  {
    name: "lint",
    title: "Lint, with the law of import",
    programs: [["node_modules/eslint/bin/eslint.js", ".", "--max-warnings", "0"]],
    timeoutMs: 8 * MINUTE,
  },
  {
    name: "format",
    title: "Formatting",
    // It would walk through an ignored folder too: while a Debian root is built there, with a /proc that ends in the middle.
    programs: [["node_modules/prettier/bin/prettier.cjs", "--check", ".", "!.cache", "--log-level", "warn"]],
    timeoutMs: 4 * MINUTE,
  },
  {
    name: "unit",
    title: "Unit tests",
    programs: unitTests(),
    together: true,
    timeoutMs: 20 * MINUTE,
  },
  {
    name: "build",
    title: "Build",
    programs: [typescript("scripts/build.ts")],
    timeoutMs: 4 * MINUTE,
  },
  {
    name: "vscode",
    title: "Tests inside VS Code's extension host",
    programs: [typescript("test/host/run.ts")],
    timeoutMs: 22 * MINUTE,
    twice: true,
    needs: "build",
    unavailable: noDesktop,
  },
  {
    name: "lab",
    title: "Lab: real engines",
    ahead: typescript("test/lab/lab.ts", "build"),
    programs: [typescript("test/lab/run.ts")],
    timeoutMs: 35 * MINUTE,
    twice: true,
    needs: "build",
  },
  {
    name: "vm",
    title: "Lab in a virtual machine: checkpoints in steps",
    ahead: typescript("test/lab/vm/vm.ts", "build"),
    programs: [typescript("test/lab/vm/run.ts")],
    timeoutMs: 20 * MINUTE,
    twice: true,
  },
  // From here on dist/ is the production build, without tests.
  {
    name: "package",
    title: "Package",
    programs: [typescript("scripts/package.ts")],
    timeoutMs: 6 * MINUTE,
    needs: "build",
  },
  {
    name: "e2e",
    title: "A browser drives the workbench",
    programs: browserTests(),
    timeoutMs: 30 * MINUTE,
    twice: true,
    needs: "package",
    unavailable: noBrowserHost,
  },
  {
    name: "live",
    title: "Lab: the toolbar of a live session, in a browser",
    programs: [typescript("test/lab/run.ts", "test/lab/browser/toolbar.test.ts")],
    timeoutMs: 20 * MINUTE,
    twice: true,
    needs: "package",
    unavailable: noBrowserHost,
  },
  {
    name: "start",
    title: "npm start",
    programs: [typescript("scripts/start.ts", "--check")],
    timeoutMs: 6 * MINUTE,
    needs: "package",
    unavailable: noBrowserHost,
  },
];
