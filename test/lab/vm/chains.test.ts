// Checkpoints in steps, which need a kernel that tracks changed memory: here the machine's.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { openTree } from "../../../src/archive/index.ts";
import { openCheckpoint } from "../../../src/checkpoint/index.ts";
import { chains, connectEngine } from "../../../src/engine/index.ts";
import type { Engine, Snapshot } from "../../../src/engine/index.ts";
import { openMemory, searchMemory } from "../../../src/memory/index.ts";
import { until } from "../engine-helpers.ts";
import { inMachine, vmPodman } from "./machine.ts";
import { startBundle, vmMachine, vmOutput } from "./helpers.ts";
import { VM_SHARE } from "./place.ts";

/** What fills the memory: eight megabytes, written once. */
const MEGABYTES = 8;
/** Characters searched for at once. */
const FILL = 1000;
const COUNTER = [
  `x=$(head -c ${MEGABYTES << 20} /dev/zero | tr '\\0' '#')`,
  "i=0; while true; do echo $i; i=$((i+1)); sleep 0.2; done",
].join("; ");

describe("checkpoints in steps in the virtual machine", function () {
  this.timeout(150_000);
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(VM_SHARE, "chain-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  describe("of Podman", () => {
    const NAME = "chain-podman";
    let podman: Engine;

    before(async () => {
      podman = await connectEngine(vmPodman(), { timeout: 60_000 });
    });
    beforeEach(async () => {
      await vmOutput("podman", "run", "-d", "--name", NAME, "lab/busybox", "sh", "-c", COUNTER);
      await atLeast(3);
    });
    afterEach(() => inMachine(["podman", "rm", "--force", "--time", "0", NAME]));

    const numbers = async (): Promise<readonly number[]> =>
      (await vmOutput("podman", "logs", NAME)).split("\n").filter(Boolean).map(Number);
    const atLeast = (count: number): Promise<readonly number[]> =>
      until(async () => {
        const all = await numbers();
        return all.length >= count ? all : undefined;
      }, 60_000);

    /** A pre-checkpoint and, with it, the checkpoint that stops the container. */
    async function inTwoSteps(): Promise<{ readonly pre: Snapshot; readonly full: Snapshot }> {
      const { snapshot: pre } = await podman.checkpoint(NAME, {
        name: "first-step",
        archive: join(folder, "pre.tar"),
        preCheckpoint: true,
      });
      assert.equal((await podman.inspect(NAME)).state, "running");
      const { snapshot: full } = await podman.checkpoint(NAME, {
        name: "second-step",
        archive: join(folder, "full.tar"),
        previous: pre,
      });
      return { pre, full };
    }

    it("writes what changed since the first step, and all of its memory can be read", async () => {
      const { pre, full } = await inTwoSteps();
      assert.equal(pre.pre, true);
      assert.deepEqual(
        chains([full, pre]).map((one) => [one.snapshot.name, one.children.map((two) => two.snapshot.name)]),
        [["first-step", ["second-step"]]],
      );
      const sizes = await pageBytes(join(folder, "full.tar"));
      assert.ok((sizes.get("pre-checkpoint") ?? 0) > MEGABYTES << 20, "the first step has the memory");
      assert.ok((sizes.get("checkpoint") ?? Infinity) < 2 << 20, "the second has what changed since");
      assert.ok((await fills(join(folder, "full.tar"))) >= (MEGABYTES << 20) / FILL - 1);
      await assert.rejects(podman.restore(pre), { code: "engine.preCheckpoint" });
    });

    it("comes back through the engine from the second step's archive alone", async () => {
      const { full } = await inTwoSteps();
      const frozen = (await numbers()).at(-1) ?? -1;
      await rm(join(folder, "pre.tar"));
      const { container } = await podman.restore(full, { replace: true });
      assert.equal(container.state, "running");
      const on = await until(async () => {
        const all = await numbers();
        return all.includes(frozen + 3) ? all : undefined;
      }, 60_000);
      const from = on.slice(on.indexOf(frozen + 1));
      assert.deepEqual(
        from,
        from.map((_, index) => frozen + 1 + index),
      );
    });

    it("is taken by Podman's own --import-previous too", async () => {
      await inTwoSteps();
      const frozen = (await numbers()).at(-1) ?? -1;
      await vmOutput("podman", "rm", "--force", "--time", "0", NAME);
      const archives = ["--import-previous", join(folder, "pre.tar"), "--import", join(folder, "full.tar")];
      await vmOutput("podman", "container", "restore", ...archives);
      await until(async () => ((await numbers()).includes(frozen + 2) ? true : undefined), 60_000);
    });
  });

  for (const kind of ["runc", "crun"] as const)
    describe(`of ${kind}`, () => {
      const id = `chain-${kind}`;
      const rootfs = `/run/${id}`;
      let engine: Engine;

      before(async () => {
        engine = await connectEngine(`${kind}://`, { machine: vmMachine() });
      });
      afterEach(() => inMachine([kind, "delete", "--force", id]));

      async function start(): Promise<void> {
        const bundle = join(folder, "bundle");
        await startBundle(kind, { id, bundle, rootfs }, `exec >/count; ${COUNTER}`);
        await atLeast(3);
      }
      const numbers = async (): Promise<readonly number[]> =>
        (await vmOutput("cat", `${rootfs}/count`)).split("\n").filter(Boolean).map(Number);
      const atLeast = (count: number): Promise<readonly number[]> =>
        until(async () => {
          const all = await numbers();
          return all.length >= count ? all : undefined;
        }, 60_000);

      it("freezes in three steps and comes back where it was", async () => {
        await start();
        const step = async (name: string, options: object): Promise<Snapshot> =>
          (await engine.checkpoint(id, { name, folder: join(folder, name), ...options })).snapshot;
        const first = await step("first", { preCheckpoint: true });
        const second = await step("second", { preCheckpoint: true, previous: first });
        assert.equal((await engine.inspect(id)).state, "running");
        const third = await step("third", { previous: second });
        const frozen = await numbers();
        assert.deepEqual(
          chains([third, second, first])[0]?.children[0]?.children.map(({ snapshot }) => snapshot.name),
          ["third"],
        );
        // Its own copy of the earlier steps: those can go.
        for (const name of ["first", "second"]) await rm(join(folder, name), { recursive: true });
        assert.ok((await fills(join(folder, "third"))) >= (MEGABYTES << 20) / FILL - 1);
        await engine.restore(third, { replace: true });
        const on = await atLeast(frozen.length + 3);
        assert.deepEqual(
          on,
          on.map((_, index) => index),
        );
      });
    });
});

/** Bytes of pages in the folders of an archive, as tar's own list has them. */
async function pageBytes(archive: string): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>();
  for (const line of (await vmOutput("tar", "-tvf", archive)).split("\n")) {
    const match = /^-\S+\s+\S+\s+(\d+)\s.*?(\S+)\/pages-\d+\.img$/.exec(line);
    const [, size, folder = ""] = match ?? [];
    if (size !== undefined) sizes.set(folder, (sizes.get(folder) ?? 0) + Number(size));
  }
  return sizes;
}

/** How often so many of the program's filling characters stand in the frozen memory, which must be readable as a whole. */
async function fills(path: string): Promise<number> {
  const tree = await openTree(path);
  const checkpoint = await openCheckpoint(tree);
  const memory = await openMemory(checkpoint);
  try {
    assert.deepEqual(
      [...checkpoint.problems, ...memory.problems].map(({ code }) => code),
      [],
    );
    let found = 0;
    const query = { kind: "text", text: "#".repeat(FILL), encoding: "utf-8", matchCase: true } as const;
    for await (const { count } of searchMemory([memory], query)) found += count;
    return found;
  } finally {
    await memory.close();
    await checkpoint.close();
  }
}
