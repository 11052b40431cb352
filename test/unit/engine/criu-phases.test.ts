import assert from "node:assert/strict";
import { appendFile, mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { podmanLogs } from "../../../src/engine/criu-log-places.ts";
import { tellingPhases } from "../../../src/engine/criu-phases.ts";

// Lines of CRIU 4.2 at -v4.
const SEIZED = "(00.003412) Seized task 812, state 0\n";
const PAGES = "(00.021873) page-xfer: Transferring pages:\n";

describe("the phases of CRIU", () => {
  let folder: string;
  const told: string[] = [];
  const work = { onProgress: ({ criu }: { readonly criu?: string }) => told.push(criu ?? "") };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "cryoscope-phases-"));
    told.length = 0;
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("are told from a log that is made only meanwhile, and gone before the work is over", async () => {
    const log = join(folder, "criu-work/dump.log");
    await tellingPhases(
      () => [join(folder, "nowhere.log"), log],
      "freezing",
      work,
      async () => {
        await sleep(50);
        await mkdir(join(folder, "criu-work"));
        await writeFile(log, SEIZED);
        await sleep(200);
        await appendFile(log, PAGES);
        // The engine removes it when the dump is over; what was open is read to its end.
        await rm(join(folder, "criu-work"), { recursive: true });
      },
    );
    assert.deepEqual(told, ["stopping processes", "memory"]);
  });

  it("aren't told from the log of an earlier work", async () => {
    const log = join(folder, "dump.log");
    await writeFile(log, SEIZED + PAGES);
    const earlier = Date.now() / 1000 - 5;
    await utimes(log, earlier, earlier);
    await tellingPhases(
      () => [log],
      "freezing",
      work,
      () => sleep(150),
    );
    assert.deepEqual(told, []);
    await tellingPhases(
      () => [log],
      "freezing",
      work,
      () => writeFile(log, SEIZED),
    );
    assert.deepEqual(told, ["stopping processes"]);
  });

  it("of a container that Podman makes anew are told from the folder that wasn't there before", async () => {
    await mkdir(join(folder, "old/userdata"), { recursive: true });
    await tellingPhases(podmanLogs(folder, "restoring", undefined), "restoring", work, async () => {
      await sleep(50);
      await writeFile(join(folder, "old/userdata/restore.log"), "(00.1) Restoring namespaces 1\n");
      await mkdir(join(folder, "new/userdata"), { recursive: true });
      await writeFile(join(folder, "new/userdata/restore.log"), "(00.1) Running post-restore scripts\n");
      await sleep(100);
    });
    assert.deepEqual(told, ["continuing"]);
  });

  it("aren't looked for where nobody listens", async () => {
    let asked = 0;
    const places = (): readonly string[] => {
      asked++;
      return [];
    };
    assert.equal(await tellingPhases(places, "freezing", {}, () => Promise.resolve(7)), 7);
    assert.equal(asked, 0);
  });
});
