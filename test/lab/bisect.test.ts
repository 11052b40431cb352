// A row of snapshots of one container, and the first in which its memory holds something else.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { bisectSnapshots } from "../../src/debug/index.ts";
import type { BisectRow } from "../../src/debug/index.ts";
import type { ContainerDetails, Engine, Snapshot } from "../../src/engine/index.ts";
import { connectLab, containerCount, removeContainer, startContainer } from "./engine-helpers.ts";
import { archiveFolder, freezeFor } from "./live-helpers.ts";
import { PROJECT } from "./place.ts";

const NAME = "cryoscope-bisect";
/** Says over and over what it remembers; a signal makes it remember something else. */
const PROGRAM =
  'word=old; trap "word=new" USR1; while true; do echo $word > /saying; mv /saying /said; sleep 0.1; done';
/** What was said before the freeze is in a file, so that goes first. */
const QUESTION = ["/bin/sh", "-c", "rm -f /said; until [ -e /said ]; do sleep 0.1; done; grep -q old /said"];
const TURN = 4;
const COUNT = 6;

describe("a bisection of the lab's snapshots", function () {
  this.timeout(300_000);
  let engine: Engine;
  let folder: Awaited<ReturnType<typeof archiveFolder>>;
  let container: ContainerDetails;
  const snapshots: Snapshot[] = [];
  let row: BisectRow;

  before(async () => {
    engine = await connectLab("podman");
    folder = await archiveFolder();
    container = await startContainer(engine, "podman", NAME, {
      ...{ command: ["/bin/sh", "-c", PROGRAM], network: "none" },
    });
    for (let index = 0; index < COUNT; index++) {
      if (index === TURN) {
        const turn = "kill -USR1 1; until grep -q new /said; do sleep 0.1; done";
        const told = await engine.exec?.(container.id, ["/bin/sh", "-c", turn]);
        told?.stdout.resume();
        told?.stderr.resume();
        assert.equal(await told?.exit, 0);
      }
      snapshots.push(await freezeFor(engine, container, folder.path, { leaveRunning: true }));
    }
    row = { engine, snapshots, copy: true };
  });
  after(async () => {
    await removeContainer("podman", NAME);
    await folder.remove();
  });

  it("finds the first whose process remembers something else, and leaves no copy", async () => {
    const before = await containerCount("podman");
    const tried: number[] = [];
    const found = await bisectSnapshots(
      row,
      { argv: QUESTION, inside: true },
      { onTry: (index) => tried.push(index) },
    );
    assert.deepEqual([found.first, found.last], [TURN, TURN - 1]);
    assert.equal(tried.length, found.tries);
    assert.ok(found.tries <= 5, tried.join(" "));
    assert.equal(await containerCount("podman"), before);
    assert.equal((await engine.inspect(container.id)).state, "running");
  });

  it("leaves no copy when it is cancelled in the middle, or its command is no command", async () => {
    const before = await containerCount("podman");
    const leave = new AbortController();
    const work = bisectSnapshots(
      row,
      { argv: QUESTION, inside: true },
      { signal: leave.signal, onVerdict: () => leave.abort() },
    );
    await assert.rejects(work, { name: "AbortError" });
    await assert.rejects(bisectSnapshots(row, { argv: ["/no/such/program"], inside: false }), {
      code: "debug.bisectNoCommand",
    });
    assert.equal(await containerCount("podman"), before);
  });

  it("is a command of the command line, which tells the container in the environment of its own command", async () => {
    for (const { checkpoint, ...rest } of snapshots)
      if (checkpoint.kind === "archive")
        await writeFile(`${checkpoint.path}.json`, JSON.stringify({ ...rest, checkpoint }));
    const files = snapshots.flatMap(({ checkpoint }) =>
      checkpoint.kind === "archive" ? [checkpoint.path] : [],
    );
    const names = snapshots.map(({ name }) => name);
    // Before the turn by the snapshot's name: what is restored is known, what runs is asked for above.
    const script = `case "$CRYOSCOPE_SNAPSHOT" in ${names.slice(0, 2).join("|")}) test -n "$CRYOSCOPE_CONTAINER$CRYOSCOPE_PID";; ${names[2] ?? ""}) exit 125;; *) exit 1;; esac`;
    const args = ["bisect", ...files.reverse(), "--copy", "--json", "--", "/bin/sh", "-c", script];
    const stdout = await new Promise<string>((resolve, reject) => {
      execFile(
        process.execPath,
        ["--import", "tsx", join(PROJECT, "src/cli/start.ts"), ...args],
        { cwd: PROJECT },
        (error, out, err) => {
          if (error) reject(new Error(err));
          else resolve(out);
        },
      );
    });
    const schema = JSON.parse(await readFile(join(PROJECT, "docs/bisect.schema.json"), "utf8")) as object;
    const validate = new Ajv2020({ strict: false }).compile(schema);
    assert.ok(validate(JSON.parse(stdout)), JSON.stringify(validate.errors));
    const said = JSON.parse(stdout) as Record<"first" | "last", { readonly name: string }> & {
      readonly untold: readonly { readonly name: string }[];
    };
    assert.equal(said.first.name, names[3]);
    assert.equal(said.last.name, names[1]);
    assert.deepEqual(
      said.untold.map(({ name }) => name),
      [names[2]],
    );
  });
});
