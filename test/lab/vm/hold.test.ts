// Holding containers on cgroup v2, with crun and with runc; on the machine that the tests run on they may know version 1 alone.
import assert from "node:assert/strict";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { PROJECT } from "../place.ts";
import { inMachine } from "./machine.ts";
import { startBundle, vmOutput } from "./helpers.ts";
import { VM_SHARE } from "./place.ts";

/** What hold-inside.ts says. */
interface Seen {
  readonly cgroup: string;
  readonly isHeld: boolean;
  readonly held: number;
  readonly stoppedState: string;
  readonly stopped: number;
  readonly after: number;
  readonly wokenStates: readonly string[];
  readonly wokenGrown: number;
  readonly released: number;
  readonly failures: number;
}

const COUNTER = "exec >/count; i=0; while true; do echo $i; i=$((i+1)); sleep 0.2; done";

describe("a container on cgroup v2", function () {
  this.timeout(300_000);
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(VM_SHARE, "hold-"));
    await build({
      entryPoints: [join(PROJECT, "test/lab/vm/hold-inside.ts")],
      ...{ bundle: true, platform: "node", format: "esm", target: "node20", logLevel: "error" },
      // An addon of ssh2 that it can do without.
      external: ["cpu-features", "*.node"],
      // What is bundled as CommonJS asks for Node's modules by this.
      banner: {
        js: 'import { createRequire as makeRequire } from "node:module"; const require = makeRequire("/");',
      },
      outfile: join(folder, "hold.mjs"),
    });
    await copyFile(process.execPath, join(folder, "node"));
    // By 9p each page would be asked for.
    await vmOutput("cp", join(folder, "node"), "/run/node");
  });
  after(async () => {
    await inMachine(["rm", "-f", "/run/node"]);
    await rm(folder, { recursive: true, force: true });
  });

  for (const kind of ["crun", "runc"] as const)
    it(`of ${kind} is held by its freezer while it is frozen, then by a signal, and is restored stopped`, async () => {
      const id = `hold-${kind}`;
      const rootfs = `/run/${id}`;
      const bundle = join(folder, id);
      try {
        await startBundle(kind, { id, bundle, rootfs }, COUNTER);
        const script = join(folder, "hold.mjs");
        const seen = JSON.parse(
          await vmOutput("/run/node", script, kind, id, bundle, `${rootfs}/count`),
        ) as Seen;
        assert.equal(seen.cgroup, `0::/${id}`);
        assert.equal(seen.isHeld, true);
        assert.equal(seen.held, 0);
        assert.deepEqual([seen.stoppedState, seen.stopped], ["T", 0]);
        assert.ok(seen.after > 0);
        assert.ok(seen.wokenStates.includes("T"), seen.wokenStates.join());
        assert.equal(seen.wokenGrown, 0);
        assert.deepEqual([seen.released > 0, seen.failures], [true, 0]);
      } finally {
        await inMachine([kind, "delete", "--force", id]);
      }
    });
});
