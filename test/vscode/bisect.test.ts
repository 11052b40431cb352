// In the extension host: rows of unwind/counting, cores and what criu froze, are bisected by what is in them. Their engine isn't
// there.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { commands, ConfigurationTarget, extensions, Uri, workspace } from "vscode";
import type { Snapshot } from "../../src/engine/index.ts";
import type { TestApi } from "../../src/vscode/extension.ts";
import { Answers } from "./answers.ts";

const COUNT = 5;
const CONTAINER = { id: "c".repeat(64), name: "counting", image: "counting" };
const DUMPED = { ...CONTAINER, id: "e".repeat(64) };
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
      showQuickPick: ["An Expression", "Without"],
      showInputBox: [`*(i32*)0x${address} >= 10`],
      showInformationMessage: [],
      showErrorMessage: [],
    });
    const watched = answers.watchProgress();
    const found = await commands.executeCommand<Snapshot | undefined>(BISECT, { snapshot: row[2] });
    assert.equal(found?.name, since(10)?.name);
    const [ways, roots] = answers.questions.filter(({ by }) => by === "showQuickPick");
    assert.equal(ways?.choices.length, 3);
    assert.match(roots?.words ?? "", /^Bisect 5 snapshots of counting: Where are the programs/);
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

  describe("of a container that criu froze", () => {
    const dumps: Snapshot[] = [];
    /** The variable as /proc/PID/mem had it at each freeze. */
    const counters: number[] = [];
    let root: string;

    before(async () => {
      const archive = join(fixtures, "unwind/counting-checkpoints.tar.gz");
      await promisify(execFile)("tar", ["-xzf", archive, "-C", folder]);
      const from = join(folder, "counting-checkpoints");
      root = join(from, "root");
      const [first] = row;
      assert.ok(first);
      for (let number = 1; number <= COUNT; number++) {
        counters.push(Number(await readFile(join(from, `${number}.mem`), "utf8")));
        dumps.push(
          await api.catalog.add({
            ...{ ...first, id: `dump-${number}`, name: `dump ${number}`, container: DUMPED },
            ...{ time: `2026-02-0${number}T00:00:00.000Z` },
            checkpoint: { kind: "folder", path: join(from, `${number}`) },
          }),
        );
      }
    });
    after(async () => {
      for (const snapshot of dumps) await api.catalog.remove(snapshot);
    });
    const since = (limit: number) => dumps[counters.findIndex((counter) => counter >= limit)];

    it("asks where its program is, and finds where a variable passes a value", async () => {
      answers.give({
        showQuickPick: ["An Expression", "Choose a Root Folder"],
        showInputBox: ["counter >= 10"],
        showOpenDialog: [[Uri.file(root)]],
        showInformationMessage: [],
        showErrorMessage: [],
      });
      const found = await commands.executeCommand<Snapshot | undefined>(BISECT, { snapshot: dumps[4] });
      assert.equal(found?.name, since(10)?.name, answers.asked.join("\n"));
      assert.ok(answers.asked.some((words) => words.includes("is the first in which it is true;")));
    });

    it("takes the root that launch.json has for its frozen processes", async () => {
      const launch = workspace.getConfiguration("launch");
      const { Workspace } = ConfigurationTarget;
      const frozen = { type: "cryoscope", request: "launch", name: "Frozen", mode: "postmortem" };
      const other = { ...frozen, name: "Other", type: "node", sysroot: "/nowhere" };
      await launch.update("configurations", [{ ...frozen, sysroot: root }, other], Workspace);
      try {
        answers.give({
          showQuickPick: ["An Expression", root],
          showInputBox: ["counter >= 0"],
          showInformationMessage: [],
          showErrorMessage: [],
        });
        const found = await commands.executeCommand<Snapshot | undefined>(BISECT, { snapshot: dumps[0] });
        assert.equal(found?.name, since(0)?.name, answers.asked.join("\n"));
        const choices = answers.questions.filter(({ by }) => by === "showQuickPick")[1]?.choices;
        assert.equal(choices?.length, 3, choices?.join());
      } finally {
        await launch.update("configurations", undefined, Workspace);
      }
    });

    it("is asked for by a title of its own where no row was chosen", async () => {
      answers.give({ showQuickPick: [] });
      assert.equal(await commands.executeCommand(BISECT), undefined);
      assert.deepEqual(answers.asked, ["Bisect Snapshots: Which snapshot?"]);
    });

    it("runs no command in a workspace that isn't trusted, and looks into the frozen memory all the same", async () => {
      const was = Object.getOwnPropertyDescriptor(workspace, "isTrusted");
      Object.defineProperty(workspace, "isTrusted", { configurable: true, get: () => false });
      try {
        for (const given of ["true", undefined]) {
          const showQuickPick = ["A Command in the Woken Container"];
          answers.give({ showQuickPick, showInputBox: ["true"], showErrorMessage: [] });
          assert.equal(await commands.executeCommand(BISECT, { snapshot: dumps[0] }, given), undefined);
          assert.match(answers.asked.join("\n"), /trust/i);
          assert.ok(!answers.questions.some(({ by }) => by === "showInputBox"));
        }
        answers.give({ showInformationMessage: [] });
        const asked = { kind: "expression", text: "counter >= 20", sysroot: root };
        const found = await commands.executeCommand<Snapshot | undefined>(
          BISECT,
          { snapshot: dumps[0] },
          asked,
        );
        assert.equal(found?.name, since(20)?.name);
        // What would wake it isn't offered.
        assert.deepEqual(answers.questions.at(-1)?.choices, ["Open Snapshot"]);
      } finally {
        if (was) Object.defineProperty(workspace, "isTrusted", was);
      }
    });
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
