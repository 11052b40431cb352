// What a live Linux has below /proc/PID, and what is said of it here: nobody should look for a file in vain.
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { NEVER, DIFFERENCES } from "../../../src/procfs/index.ts";

/** Folders and links of the frozen /proc that are no files of a table. */
const OTHERS = [
  "PID/cwd",
  "PID/exe",
  "PID/root",
  "PID/fd",
  "PID/fdinfo",
  "PID/ns",
  "PID/net",
  "PID/task",
  "PID/attr",
];
/** Modules and patches of distributions add to these; the page names them as kinds. */
const KINDS = [/^PID\/net\/(ip6?|arp)_tables_(names|matches|targets)$/, /^PID\/net\/netfilter$/];

/** Names as the rows of the page have them: `PID/net/snmp, snmp6, stat/` is of three. */
const named = new Set(
  NEVER.flatMap(({ file }) => {
    const folder = /^PID\/(net\/)?/.exec(file)?.[0] ?? "";
    return file.split(/, | and /).map((name) => {
      const plain = name.replace(/\/$/, "");
      return plain.startsWith("PID/") ? plain : `${folder}${plain}`;
    });
  }),
);
const frozen = new Set(DIFFERENCES.map(({ file }) => file));

describe("docs/frozen-proc.md and a live /proc", () => {
  before(function () {
    if (!existsSync("/proc/self/net")) this.skip();
  });

  for (const folder of ["", "attr/", "net/"])
    it(`agree on what there is in PID/${folder}`, () => {
      // Without a security module there is no attr.
      const there = existsSync(`/proc/self/${folder}`) ? readdirSync(`/proc/self/${folder}`) : [];
      const unsaid = there
        .map((name) => `PID/${folder}${name}`)
        .filter((path) => !frozen.has(path) && !named.has(path) && !OTHERS.includes(path))
        .filter((path) => !KINDS.some((kind) => kind.test(path)));
      assert.deepEqual(unsaid, []);
    });
});
