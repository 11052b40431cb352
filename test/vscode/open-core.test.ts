// A core in a debugger that has no debug adapter: a terminal. Sessions on cores are in test/vscode-lab.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commands, Uri, window } from "vscode";
import { Answers } from "./answers.ts";
import { openSample } from "./sample.ts";
import type { OpenedCheckpoint } from "./sample.ts";

describe("a core that is opened in a debugger", () => {
  let sample: OpenedCheckpoint;
  let folder: string;
  const ask = new Answers();
  const path = process.env["PATH"];

  before(async () => {
    ({ sample } = await openSample());
    folder = await mkdtemp(join(tmpdir(), "cryo open core-"));
    await mkdir(join(folder, "tools"));
    await mkdir(join(folder, "root"));
    // Too old for sessions; it writes its words down, each on a line, and stays.
    const script = `#!/bin/sh
case "$1" in --version) echo "GNU gdb (GDB) 13.1"; exit;; --configuration) exit;; esac
for word; do echo "$word"; done >'${folder}/draft' && /bin/mv '${folder}/draft' '${folder}/said'
exec /bin/sleep 600
`;
    await writeFile(join(folder, "tools/gdb"), script, { mode: 0o755 });
    process.env["PATH"] = join(folder, "tools");
  });
  after(async () => {
    process.env["PATH"] = path;
    ask.putBack();
    for (const terminal of window.terminals) if (/^Core of 1 /.test(terminal.name)) terminal.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  const row = () => ({ kind: "process", entry: sample, process: sample.checkpoint?.process(1) });

  it("is saved where the user says, and given to gdb in a terminal with the root folder", async () => {
    const [core, root] = [Uri.file(join(folder, "core.1")), Uri.file(join(folder, "root"))];
    ask.give({ showSaveDialog: [core], showQuickPick: ["Choose a Root Folder"], showOpenDialog: [[root]] });
    assert.equal(await commands.executeCommand("cryoscope.openCore", row()), true);
    const bytes = await readFile(core.fsPath);
    assert.equal(bytes.toString("latin1", 0, 4), "\x7fELF");
    // ET_CORE.
    assert.equal(bytes.readUInt16LE(16), 4);
    let said = "";
    for (let tries = 0; said === "" && tries < 600; tries++) {
      said = await readFile(join(folder, "said"), "utf8").catch(() => "");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const exe = (await sample.checkpoint?.paths(1))?.value.exe;
    assert.ok(exe);
    assert.deepEqual(said.trimEnd().split("\n"), [
      ...["-iex", `set sysroot ${root.fsPath}`, join(root.fsPath, exe), `--core=${core.fsPath}`],
    ]);
    assert.ok(window.terminals.some(({ name }) => /^Core of 1 /.test(name)));
  });

  it("isn't opened when the user thinks better of the root folder", async () => {
    const core = Uri.file(join(folder, "core.2"));
    ask.give({ showSaveDialog: [core], showQuickPick: [] });
    const { length } = window.terminals;
    assert.equal(await commands.executeCommand("cryoscope.openCore", row()), undefined);
    assert.equal(window.terminals.length, length);
  });
});
