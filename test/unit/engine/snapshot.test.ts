import assert from "node:assert/strict";
import fc from "fast-check";
import { CryoscopeError } from "../../../src/bytes/index.ts";
import { parseSnapshot } from "../../../src/engine/index.ts";
import type { Snapshot } from "../../../src/engine/index.ts";

const SNAPSHOT: Snapshot = {
  format: 1,
  id: "7c1a0d3e-8a51-4f0e-9c8e-0e6f4a9b1c2d",
  name: "before-the-bug",
  note: "",
  time: "2026-03-01T12:00:00.000Z",
  engine: { kind: "podman", version: "5.4.2", endpoint: "unix:///run/podman/podman.sock" },
  container: { id: "ab".repeat(32), name: "counter", image: "busybox" },
  checkpoint: { kind: "archive", path: "/tmp/before.tar" },
  leftRunning: true,
  needs: ["tcpEstablished"],
};

describe("a snapshot's record", () => {
  it("comes back from JSON as it was", () => {
    assert.deepEqual(parseSnapshot(JSON.parse(JSON.stringify(SNAPSHOT))), SNAPSHOT);
    for (const checkpoint of [
      { kind: "named", id: "one" },
      { kind: "container" },
      { kind: "image", reference: "a/b:c" },
    ] as const)
      assert.deepEqual(parseSnapshot({ ...SNAPSHOT, checkpoint }).checkpoint, checkpoint);
  });

  it("names the field that is wrong", () => {
    const broken: readonly [string, object][] = [
      ["format", { format: 2 }],
      ["name", { name: 7 }],
      ["time", { time: "yesterday" }],
      ["engine.endpoint", { engine: { kind: "podman" } }],
      ["container.id", { container: null }],
      ["checkpoint.kind", { checkpoint: { kind: "cloud" } }],
      ["checkpoint.path", { checkpoint: { kind: "archive" } }],
    ];
    for (const [field, change] of broken)
      assert.throws(
        () => parseSnapshot({ ...SNAPSHOT, ...change }),
        (error: unknown) => error instanceof CryoscopeError && error.sentence.includes(`(${field})`),
      );
  });

  it("drops what it doesn't know and never takes a prototype for a field", () => {
    const parsed = parseSnapshot({ ...SNAPSHOT, extra: 1, needs: ["fileLocks", "root"] });
    assert.deepEqual(parsed.needs, ["fileLocks"]);
    assert.equal("extra" in parsed, false);
    assert.throws(() => parseSnapshot(Object.create(SNAPSHOT)), { code: "engine.badSnapshot" });
  });

  it("of anything else is refused with an error of ours", () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        try {
          parseSnapshot(value);
        } catch (error) {
          return error instanceof CryoscopeError;
        }
        return false;
      }),
    );
  });
});
