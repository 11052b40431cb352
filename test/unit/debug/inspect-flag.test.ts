import assert from "node:assert/strict";
import fc from "fast-check";
import { inspectorBinding } from "../../../src/debug/index.ts";

const HOME = { host: "127.0.0.1", port: 9229 };

// The forms that `node --help` and Node's documentation of the command line name.
const FORMS: readonly [argv: string, expected: { host: string; port: number } | undefined][] = [
  ["node app.js", undefined],
  ["node --inspect app.js", HOME],
  ["node --inspect-brk app.js", HOME],
  ["node --inspect-wait app.js", HOME],
  ["node --inspect=9300 app.js", { host: "127.0.0.1", port: 9300 }],
  ["node --inspect=0.0.0.0 app.js", { host: "0.0.0.0", port: 9229 }],
  ["node --inspect=0.0.0.0:9300 app.js", { host: "0.0.0.0", port: 9300 }],
  ["node --inspect=localhost:9300 app.js", { host: "localhost", port: 9300 }],
  ["node --inspect=[::]:9300 app.js", { host: "::", port: 9300 }],
  ["node --inspect=:9300 app.js", { host: "127.0.0.1", port: 9300 }],
  ["node --inspect-port=9300 app.js", undefined],
  ["node --inspect-port=9300 --inspect app.js", { host: "127.0.0.1", port: 9300 }],
  ["node --inspect --debug-port=0.0.0.0:1 app.js", { host: "0.0.0.0", port: 1 }],
  ["node --inspect=0 app.js", { host: "127.0.0.1", port: 0 }],
  ["node --inspect-publish-uid=http app.js", undefined],
  ["node --inspect=70000 app.js", HOME],
];

describe("where Node's inspector is", () => {
  for (const [command, expected] of FORMS)
    it(`after ${command}`, () => {
      assert.deepEqual(inspectorBinding(command.split(" "), []), expected);
    });

  it("is also read from a shell's command line and from NODE_OPTIONS, arguments last", () => {
    const shell = ["/bin/sh", "-c", "cd /app && exec node --inspect=0.0.0.0:9300 app.js"];
    assert.deepEqual(inspectorBinding(shell, []), { host: "0.0.0.0", port: 9300 });
    const quoted = ["/bin/sh", "-c", "exec node '--inspect=0.0.0.0:9300' app.js"];
    assert.deepEqual(inspectorBinding(quoted, []), { host: "0.0.0.0", port: 9300 });
    const options = ["PATH=/bin", "NODE_OPTIONS=--max-old-space-size=99 --inspect=0.0.0.0"];
    assert.deepEqual(inspectorBinding(["node", "app.js"], options), { host: "0.0.0.0", port: 9229 });
    assert.deepEqual(inspectorBinding(["node", "--inspect=9300"], options), { host: "0.0.0.0", port: 9300 });
  });

  it("never fails on any words", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.string(), (words, value) => {
        const found = inspectorBinding([...words, `--inspect=${value}`], words);
        assert.ok(found !== undefined && found.port < 65536);
      }),
    );
  });
});
