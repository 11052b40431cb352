import assert from "node:assert/strict";
import { join } from "node:path";
import { GDB_LINES, GDB_THREADS, GDB_WORKERS } from "../debug/gdb-threads.ts";
import { fixture } from "../fixtures.ts";
import { assertFitsSchema, runCommand } from "../run-command.ts";

const cli = (...words: readonly string[]) => runCommand(words);

interface Printed {
  readonly threads: readonly {
    readonly tid: number;
    readonly frames: readonly {
      readonly address: string;
      readonly function?: string;
      readonly source?: { readonly line: number };
      readonly arguments?: readonly { readonly name: string; readonly value: string }[];
    }[];
  }[];
}

describe("cryoscope stack", () => {
  let folder: string;
  let paths: readonly string[];

  before(async () => {
    folder = await fixture("memory/elfcore");
    paths = [join(folder, "img"), "--sysroot", join(folder, "root")];
  });

  it("prints JSON by its schema, with the frames, lines and arguments that gdb has", async () => {
    const { out: text, code } = await cli("stack", ...paths, "--locals", "--json");
    assert.equal(code, 0);
    const document: unknown = JSON.parse(text);
    await assertFitsSchema("stack", document);
    // As the schema says.
    const { threads } = document as Printed;
    assert.deepEqual(
      threads.map(({ tid }) => tid),
      [...GDB_THREADS.keys()],
    );
    for (const { tid, frames } of threads) {
      const expected = GDB_THREADS.get(tid) ?? [];
      assert.deepEqual(
        frames.slice(0, expected.length).map((each) => [each.address.slice(2), each.function]),
        expected,
      );
      for (const frame of frames)
        assert.equal(frame.source?.line, GDB_LINES[frame.address.slice(2)], frame.address);
      const worker = frames.find((each) => each.function === "run")?.arguments?.[0];
      const at = GDB_WORKERS.get(tid);
      if (at !== undefined) assert.deepEqual([worker?.name, worker?.value], ["arg", `0x${at.toString(16)}`]);
    }
  });

  it("prints a line a frame, and variables below where they are asked for", async () => {
    const { out: text } = await cli("stack", ...paths, "--tid", "1", "--locals");
    assert.match(
      text,
      /^Thread 1 of process 1, threads \(running\)\n#0 {3}0x44403e __syscall_cancel_arch from \/threads\n/,
    );
    assert.match(text, /#5 {3}0x401827 depth3 \(a=2\) at \S+threads\.c:12\n {6}local_answer = 4\n/);
    assert.doesNotMatch(text, /Thread 6/);
    assert.doesNotMatch((await cli("stack", ...paths, "--tid", "1")).out, /local_answer|a=2/);
  });

  it("leaves out the names of a core's other threads, which a core doesn't have", async () => {
    const { out: text } = await cli("stack", join(folder, "core.1"), "--sysroot", join(folder, "root"));
    assert.match(text, /^Thread 1 of process 1, threads \(running\)$/m);
    assert.match(text, /^Thread 6 of process 1 \(running\)$/m);
  });

  it("says that frames are guesses where no program is here", async () => {
    const { out: text } = await cli("stack", join(folder, "img"), "--tid", "1");
    assert.match(text, /\(guess\)|\(frame pointer\)/);
  });

  it("refuses a process that there is not", async () => {
    const { err: said, code } = await cli("stack", ...paths, "--pid", "77");
    assert.equal(code, 2);
    assert.match(said, /no process 77/);
  });
});
