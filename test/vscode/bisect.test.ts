// In the extension host: a row of cores of unwind/counting is bisected by what is in them. Their engine isn't there.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { commands, extensions, Uri } from "vscode";
import type { Snapshot } from "../../src/engine/index.ts";
import type { TestApi } from "../../src/vscode/extension.ts";
import { Answers } from "./answers.ts";

const COUNT = 5;
const CONTAINER = { id: "c".repeat(64), name: "counting", image: "counting" };
const BISECT = "cryoscope.bisectSnapshots";

describe("a bisection in the editor", function () {
  this.timeout(120_000);
  const answers = new Answers();
  const row: Snapshot[] = [];
  /** What the program had said last in each. */
  const said: number[] = [];
  let api: TestApi;
  let folder: string;
  let fixtures: string;

  before(async () => {
    const extension = extensions.getExtension<TestApi>("cryoscope.cryoscope");
    assert.ok(extension);
    api = await extension.activate();
    folder = await mkdtemp(join(tmpdir(), "counting-"));
    fixtures = join(extension.extensionPath, "test/fixtures");
    const archive = join(fixtures, "unwind/counting.tar.gz");
    await promisify(execFile)("tar", ["-xzf", archive, "-C", folder, "--strip-components", "1"]);
    for (let number = 1; number <= COUNT; number++) {
      const path = join(folder, `${number}.core`);
      said.push(Number((await readFile(join(folder, `${number}.said`), "utf8")).trim().split("\n").at(-1)));
      row.push(
        await api.catalog.add({
          ...{ format: 1, id: `counting-${number}`, name: `counting ${number}`, note: "" },
          time: `2026-01-0${number}T00:00:00.000Z`,
          engine: { kind: "podman", version: "5.4.2", endpoint: "unix:///nowhere/podman.sock" },
          container: CONTAINER,
          checkpoint: { kind: "archive", path },
          ...{ leftRunning: true, needs: [] },
        }),
      );
    }
  });
  afterEach(answers.putBack);
  after(async () => {
    for (const snapshot of row) await api.catalog.remove(snapshot);
    await rm(folder, { recursive: true });
  });

  /** The snapshot whose program was the first to have said a number of `limit` or more. */
  const since = (limit: number): Snapshot | undefined => row[said.findIndex((number) => number >= limit)];

  it("asks what to ask, and finds where an expression turns, without the engine", async () => {
    const address = (await readFile(join(folder, "counter.address"), "utf8")).trim();
    answers.give({
      showQuickPick: ["An Expression"],
      showInputBox: [`*(i32*)0x${address} >= 10`],
      showInformationMessage: [],
    });
    const watched = answers.watchProgress();
    const found = await commands.executeCommand<Snapshot | undefined>(BISECT, { snapshot: row[2] });
    assert.equal(found?.name, since(10)?.name);
    assert.equal(answers.questions.find(({ by }) => by === "showQuickPick")?.choices.length, 3);
    assert.ok(watched.cancellable);
    assert.ok(watched.said.includes(`${row[0]?.name}: false`), watched.said.join("\n"));
    assert.ok(watched.said.includes(`${row[COUNT - 1]?.name}: true`), watched.said.join("\n"));
    assert.ok(
      answers.asked.some((words) => words.startsWith(`“${found?.name}” is the first in which it is true;`)),
      answers.asked.join("\n"),
    );
  });

  it("finds where a text goes out of the memory, and leaves the list of open checkpoints as it is", async () => {
    const open = api.checkpoint.openCheckpoints.length;
    answers.give({ showInformationMessage: [] });
    const found = await commands.executeCommand<Snapshot | undefined>(
      BISECT,
      { snapshot: row[0] },
      {
        kind: "memory",
        query: { kind: "text", text: "the key is 7141", encoding: "utf-8", matchCase: true },
        filter: {},
      },
    );
    assert.equal(found?.name, since(0)?.name);
    assert.ok(answers.asked.some((words) => words.includes("is the first in which it is not there;")));
    assert.equal(api.checkpoint.openCheckpoints.length, open);
  });

  it("opens sealed ones with a key of the ring", async () => {
    const run = promisify(execFile);
    const sealed = join(folder, "sealed");
    await mkdir(sealed);
    for (const name of ["simple-enc", "keys"])
      await run("tar", ["-xzf", join(fixtures, "sealed", `${name}.tar.gz`), "-C", sealed]);
    const path = join(sealed, "simple-enc/enc");
    // What the same program had, unsealed.
    assert.ok((await readFile(join(sealed, "simple-enc/plain/pages-1.img"))).includes("MARKER-"));
    assert.ok(!(await readFile(join(path, "pages-1.img"))).includes("MARKER-"));
    await commands.executeCommand("cryoscope.addKeyFile", Uri.file(join(sealed, "keys/key1.pkcs8.pem")));
    const [first] = row;
    assert.ok(first);
    const container = { ...CONTAINER, id: "d".repeat(64) };
    const pair: readonly Snapshot[] = [
      { ...first, id: "before", name: "before", container },
      {
        ...{ ...first, id: "sealed", name: "sealed", container, time: "2026-01-09T00:00:00.000Z" },
        checkpoint: { kind: "folder", path },
      },
    ];
    try {
      for (const snapshot of pair) await api.catalog.add(snapshot);
      answers.give({ showInformationMessage: [] });
      const asked = {
        kind: "memory",
        query: { kind: "regex", text: "MARKER-\\w", matchCase: true },
        filter: {},
      };
      const found = await commands.executeCommand<Snapshot | undefined>(BISECT, { snapshot: pair[0] }, asked);
      assert.equal(found?.name, "sealed", answers.asked.join("\n"));
      assert.ok(answers.asked.some((words) => words.includes("is the first in which it is there;")));
    } finally {
      for (const snapshot of pair) await api.catalog.remove(snapshot);
      await commands.executeCommand("cryoscope.forgetKeys");
    }
  });

  it("says why there is no answer, and nothing when it is cancelled", async () => {
    answers.give({ showErrorMessage: [], showInformationMessage: [] });
    const expression = { kind: "expression", text: "counter > 41" };
    assert.equal(await commands.executeCommand(BISECT, { snapshot: row[0] }, expression), undefined);
    assert.match(answers.asked.join("\n"), /first snapshot can't be told\. Nothing here is called counter\./);
    answers.give({ showErrorMessage: [], showInformationMessage: [] });
    answers.watchProgress().cancel();
    assert.equal(
      await commands.executeCommand(BISECT, { snapshot: row[0] }, { ...expression, text: "1 > 0" }),
      undefined,
    );
    assert.deepEqual(answers.asked, []);
  });
});
