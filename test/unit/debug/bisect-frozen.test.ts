// Rows of unwind/counting (its source and how they were made lie beside it): five dumps by criu, and five cores that gdb wrote.
// What was in each is what the program had said by then, what /proc/PID/mem had, and what gdb printed.
import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bisectFrozen, inMemory, isTrue } from "../../../src/debug/index.ts";
import { openCoreTree } from "../../../src/corefile/index.ts";
import type { CheckpointMemory } from "../../../src/memory/index.ts";
import { fixture } from "../fixtures.ts";
import { withMemoryIn } from "../memory/support.ts";
import { assertFitsSchema, runCommand } from "../run-command.ts";

const COUNT = 5;

interface Document {
  readonly first: { readonly name: string };
  readonly last: { readonly name: string };
  readonly tries: number;
  readonly answer: boolean;
}

describe("a bisection of what criu froze", function () {
  this.timeout(180_000);
  let folder: string;
  let paths: readonly string[];
  /** The variable as /proc/PID/mem had it at each freeze. */
  let counters: readonly number[];

  before(async () => {
    folder = await fixture("unwind/counting-checkpoints");
    paths = Array.from({ length: COUNT }, (_, index) => join(folder, `${index + 1}`));
    counters = await Promise.all(paths.map(async (path) => Number(await readFile(`${path}.mem`, "utf8"))));
  });

  async function assertTurns(limit: number, answer: boolean, ...words: readonly string[]): Promise<void> {
    const index = counters.findIndex((counter) => counter >= limit);
    assert.ok(index > 0 && index < COUNT, `${index}`);
    const { out, err, code } = await runCommand(["bisect", ...paths, "--json", ...words]);
    assert.equal(code, 0, err);
    const found = JSON.parse(out) as Document;
    const { first, last } = found;
    assert.deepEqual([first.name, last.name, found.answer], [paths[index], paths[index - 1], answer]);
  }

  it("finds where a variable passes each value that it had, by its name and at its address", async () => {
    const address = (await readFile(join(folder, "counter.address"), "utf8")).trim();
    for (const limit of counters.slice(1)) {
      const root = ["--sysroot", join(folder, "root")];
      await assertTurns(limit, true, ...root, "--expression", `counter >= ${limit}`);
      await assertTurns(limit, true, "--expression", `*(i32*)0x${address} >= ${limit}`);
    }
  });

  it("finds where a text comes into the pages, and where one goes out of them", async () => {
    await assertTurns(10, true, "--memory", "the door is open");
    await assertTurns(0, false, "--memory", "the key is 7141");
  });

  it("has no name for the variable without the program, and says so", async () => {
    const { code, err } = await runCommand(["bisect", ...paths, "--expression", "counter > 5"]);
    assert.equal(code, 3);
    assert.match(err, /The first snapshot can't be told\. Nothing here is called counter\./);
  });
});

describe("a bisection of frozen snapshots", function () {
  this.timeout(180_000);
  let folder: string;
  let paths: readonly string[];
  /** What the program had said last when it was frozen. */
  let said: readonly number[];

  before(async () => {
    folder = await fixture("unwind/counting");
    paths = Array.from({ length: COUNT }, (_, index) => join(folder, `${index + 1}.core`));
    said = await Promise.all(
      paths.map(async (path) =>
        Number((await readFile(path.replace(/core$/, "said"), "utf8")).trim().split("\n").at(-1)),
      ),
    );
  });

  async function ask(...words: readonly string[]): Promise<Document> {
    const { out, err, code } = await runCommand(["bisect", ...paths, "--json", ...words]);
    assert.equal(code, 0, err);
    const document: unknown = JSON.parse(out);
    await assertFitsSchema("bisect", document);
    // As the schema says.
    return document as Document;
  }

  /** Which is the first where what the program said fits. */
  const turn = (fits: (number: number) => boolean): number => said.findIndex(fits);

  async function assertTurns(index: number, answer: boolean, ...words: readonly string[]): Promise<void> {
    assert.ok(index > 0 && index < COUNT, `${index}`);
    const found = await ask(...words);
    assert.deepEqual(
      [found.first.name, found.last.name, found.answer],
      [paths[index], paths[index - 1], answer],
      words.join(" "),
    );
    assert.ok(found.tries <= 5, `${found.tries}`);
  }

  it("finds where a text comes into the memory, and where one goes out of it", async () => {
    const opened = turn((number) => number >= 10);
    await assertTurns(opened, true, "--memory", "the door is open");
    await assertTurns(opened, true, "--memory", "THE DOOR", "-i");
    await assertTurns(opened, true, "--memory", "door is [a-z]{4}", "--regex");
    await assertTurns(opened, true, "--memory", "74 68 65 20 64 6f 6f 72", "--hex", "--prot", "w");
    const gone = turn((number) => number >= 0);
    await assertTurns(gone, false, "--memory", "the key is 7141");
  });

  it("finds where a variable passes a value, by its type and sign, or at its address", async () => {
    const root = ["--sysroot", join(folder, "root")];
    for (const limit of [-15, -5, 5, 15])
      await assertTurns(
        turn((number) => number > limit),
        true,
        ...root,
        "--expression",
        `counter > ${limit}`,
      );
    const zero = turn((number) => number === 0);
    await assertTurns(zero, true, ...root, "--expression", "0 <= counter");
    await assertTurns(zero, true, ...root, "--expression", "counter + 10 >= 10");
    // Of an unsigned char, which as a signed one would be less than nothing.
    const levels = await Promise.all(
      paths.map(
        async (path) => /= (\d+) '.*$/m.exec(await readFile(path.replace(/core$/, "gdb"), "utf8"))?.[1],
      ),
    );
    const high = levels.findIndex((level) => Number(level) > 235);
    await assertTurns(high, true, ...root, "--expression", "level > 235");
    await assertTurns(zero, true, ...root, "--expression", "*(i32*)&counter > 0 - 1");
    await assertTurns(zero, true, ...root, "--expression", "(u64)*(u32*)&counter < 1000");
  });

  it("takes a catalog by its times, of one container, and goes around what its engine keeps", async () => {
    const catalog = await mkdtemp(join(tmpdir(), "catalog-"));
    const record = (number: number, container: string, checkpoint: object): object => ({
      ...{ format: 1, id: `${container} ${number}`, name: `${container} ${number}`, note: "" },
      time: `2026-01-01T00:00:0${number}.000Z`,
      engine: { kind: "docker", version: "", endpoint: "unix:///nowhere/docker.sock" },
      container: { id: container, name: container, image: "" },
      ...{ checkpoint, leftRunning: true, needs: [] },
    });
    const kept = (number: number): object => ({ kind: "archive", path: paths[number - 1] });
    // The third is in the middle, and asked first of all but the ends.
    const records = [
      ...[5, 2, 4, 1].map((number) => record(number, "web", kept(number))),
      record(3, "web", { kind: "named", id: "three" }),
      record(1, "other", kept(1)),
    ];
    try {
      await writeFile(join(catalog, "catalog.json"), JSON.stringify(records));
      const words = ["bisect", catalog, "--memory", "the door is open", "--json"];
      const { code } = await runCommand(words);
      assert.equal(code, 2);
      const { out, err } = await runCommand([...words, "--container", "web"]);
      const document: unknown = JSON.parse(out);
      await assertFitsSchema("bisect", document);
      const opened = turn((number) => number >= 10) + 1;
      assert.equal((document as Document).first.name, `web ${opened}`);
      assert.match(err, /web 3: can't be told: The files of web 3 are with its engine, not here\./);
    } finally {
      await rm(catalog, { recursive: true });
    }
  });

  it("says that a variable's type isn't known, which is no answer", async () => {
    const { code, err } = await runCommand(["bisect", ...paths, "--expression", "counter > 5"]);
    assert.equal(code, 3);
    assert.match(err, /The first snapshot can't be told\. Nothing here is called counter\./);
  });

  it("says so when the row doesn't turn", async () => {
    const { code, err } = await runCommand(["bisect", ...paths, "--memory", "the door is shut"]);
    assert.equal(code, 3);
    assert.match(err, /In the last snapshot it is not there, as in the first/);
  });

  it("refuses what doesn't belong together, before anything is opened", async () => {
    for (const [words, sentence] of [
      [["--memory", "a", "--expression", "b"], /exclude each other/],
      [["--memory", "a", "--copy"], /--copy goes with a restored snapshot/],
      [["--memory", "a", "--", "true"], /COMMAND goes with a restored snapshot/],
      [["--expression", "a", "--hex"], /--hex goes with --memory\./],
      [["--pid", "1", "--", "true"], /--pid goes with --memory or --expression/],
      [[], /What to ask is missing/],
    ] as const) {
      const { code, err } = await runCommand(["bisect", "nowhere", ...words]);
      assert.equal(code, 2, err);
      assert.match(err, sentence);
    }
  });

  /** The snapshots of the row that are named by their numbers. */
  const open =
    (...numbers: readonly number[]) =>
    async (index: number, use: (memory: CheckpointMemory) => Promise<boolean>): Promise<boolean> => {
      const tree = await openCoreTree(join(folder, `${numbers[index]}.core`));
      assert.ok(tree);
      return withMemoryIn(tree, use);
    };

  it("goes around those that can't be told, and says why", async () => {
    const door = inMemory({ kind: "text", text: "the door is open", encoding: "utf-8", matchCase: true });
    const openRow = open(1, 2, 3, 4, 5);
    const why: string[] = [];
    const found = await bisectFrozen(
      COUNT,
      // As if the one that is asked third had no files any more.
      (index, use) => (index === 2 ? Promise.reject(new Error("it is gone")) : openRow(index, use)),
      door,
      { onAnswer: (_, answer) => typeof answer !== "boolean" && why.push(answer.message) },
    );
    assert.deepEqual([found.last, found.first, found.answer], [1, 3, true]);
    assert.deepEqual(why.length, 1);
    assert.match(why[0] ?? "", /it is gone/);
  });

  it("can't tell what isn't in the memory where a parent layer is missing", async () => {
    const chain = await fixture("corpus/f-incremental");
    const alone = await mkdtemp(join(tmpdir(), "alone-"));
    const words = ["--memory", "the door is shut"];
    try {
      // As if only the newest had been copied from elsewhere.
      await cp(join(chain, "3"), join(alone, "3"), { recursive: true, verbatimSymlinks: true });
      const { err } = await runCommand(["bisect", join(alone, "3"), join(chain, "3"), ...words]);
      assert.match(
        err,
        /The first snapshot can't be told\. It isn't in what is here of the memory of process \d+/,
      );
    } finally {
      await rm(alone, { recursive: true });
    }
    const { err } = await runCommand(["bisect", join(chain, "1"), join(chain, "3"), ...words]);
    assert.match(err, /In the last snapshot it is not there, as in the first/);
  });

  it("ends when it is cancelled, in the middle of the row", async () => {
    const leave = new AbortController();
    const answers: number[] = [];
    const work = bisectFrozen(COUNT, open(1, 2, 3, 4, 5), isTrue("1"), {
      signal: leave.signal,
      onAnswer: (index) => {
        answers.push(index);
        leave.abort();
      },
    });
    await assert.rejects(work, { name: "AbortError" });
    assert.deepEqual(answers, [0]);
  });

  it("asks only the processes that are named", async () => {
    await assert.rejects(bisectFrozen(2, open(1, 5), isTrue("1", new Set([99_999]))), {
      code: "debug.bisectEnd",
      message: /no process 99999/,
    });
  });
});
