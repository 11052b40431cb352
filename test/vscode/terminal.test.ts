// Programs that need root run in a terminal: what they are given must arrive as it is.
import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { extensions, window } from "vscode";
import type { TestApi } from "../../src/vscode/extension.ts";

describe("a program in a terminal of its own", () => {
  let folder: string;
  let runInTerminal: TestApi["runInTerminal"];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "cryoscope-terminal-"));
    const api = await extensions.getExtension<TestApi>("cryoscope.cryoscope")?.activate();
    assert(api);
    runInTerminal = api.runInTerminal;
  });
  after(async () => {
    for (const terminal of window.terminals) terminal.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  /** Writes its arguments, one a line between brackets, and that it has a terminal. */
  async function script(code: number): Promise<string> {
    const file = join(folder, `say-${code}`);
    const text = `#!/bin/sh\n[ -t 0 ] && [ -t 1 ] && echo terminal >'${folder}/said'\nfor word; do echo "<$word>"; done >>'${folder}/said'\nexit ${code}\n`;
    await writeFile(file, text);
    await chmod(file, 0o755);
    return file;
  }

  it("gets its arguments untouched by any shell, and a terminal to ask in", async () => {
    const words = ["--", "two words", "$(touch x)", "it's", 'a "b"', "`id`", ";ls", "*"];
    const { code } = await runInTerminal("untouched", [await script(0), ...words]);
    assert.equal(code, 0);
    assert.deepEqual((await readFile(join(folder, "said"), "utf8")).trimEnd().split("\n"), [
      "terminal",
      ...words.map((word) => `<${word}>`),
    ]);
  });

  it("tells how it ended", async () => {
    const ended = await runInTerminal("failing", [await script(3), "x"]);
    assert.equal(ended.code, 3);
    assert.match(ended.stderr, /terminal shows why/);
  });
});
