import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import { commands, extensions } from "vscode";
import type { TestApi } from "../../src/vscode/extension.ts";
import type { ImageEditorHandle } from "../../src/vscode/image-editor/index.ts";
import type { ShownExplanation } from "../../src/protocol/index.ts";

describe("the Explain view", () => {
  let api: TestApi;

  before(async () => {
    const extension = extensions.getExtension<TestApi>("cryoscope.cryoscope");
    assert.ok(extension);
    api = await extension.activate();
  });

  after(async () => {
    await commands.executeCommand("workbench.action.closeAllEditors");
    await commands.executeCommand("workbench.action.closePanel");
  });

  async function shown(
    holds: (now: ShownExplanation) => boolean,
    otherwise: string,
  ): Promise<ShownExplanation> {
    return until(() => {
      const now = api.explain.shown();
      return now && holds(now) ? now : undefined;
    }, otherwise);
  }

  function titles({ steps }: ShownExplanation): readonly string[] {
    return steps.filter(({ selected }) => selected).map(({ title }) => title);
  }

  it("opens the sample that comes with the extension", async () => {
    await commands.executeCommand("cryoscope.openSample");
    const names = api.checkpoint.openCheckpoints.map(({ checkpoint }) => checkpoint?.container.name);
    // The workspace of the tests is a copy of the sample's, which has it open already.
    assert.equal(names.filter((name) => name === "sample").length, 1, names.join());
  });

  it("tells of the field that the walkthrough selects in the sample", async () => {
    const path = "entries[0].tc.timers.real.vsec";
    await commands.executeCommand("cryoscope.sample.show", "core-1.img", path, true);
    const now = await shown((each) => titles(each).includes("Value of vsec"), "vsec isn't explained");
    assert.deepEqual(titles(now), ["Tag of vsec", "Value of vsec"]);
    // The sample's alarm(1800), frozen within its first second: test/fixtures/sample.tar.gz, crit/core-1.img.json.
    assert.equal(now.steps.at(-1)?.short, "1799 s");
  });

  it("follows the selection in the image editor", async () => {
    const editor = active();
    editor.select({ start: 4, end: 5 });
    await shown((each) => titles(each).join() === "Type magic", "the magic isn't explained");
    editor.select("entries[0].tc.comm");
    await shown((each) => titles(each).includes("Length of comm"), "comm isn't explained");
  });

  it("leads the editor from piece to piece", async () => {
    const editor = active();
    editor.select({ start: 0, end: 1 });
    await shown((each) => each.span.start === 0 && each.span.end === 1, "the first byte isn't explained");
    for (const [start, end] of [
      [4, 8],
      [8, 12],
    ]) {
      await commands.executeCommand("cryoscope.explain.next");
      await until(() => editor.selection()?.start === start || undefined, `${String(start)} isn't selected`);
      await shown((each) => each.span.start === start && each.span.end === end, "the piece isn't explained");
    }
    await commands.executeCommand("cryoscope.explain.previous");
    await until(() => editor.selection()?.start === 4 || undefined, "it doesn't go back");
  });

  it("explains the row whose menu it was chosen from", async () => {
    await commands.executeCommand("cryoscope.explain.byte", { path: "entries[0].mtype" });
    await shown((each) => titles(each).includes("Value of mtype"), "mtype isn't explained");
  });

  function active(): ImageEditorHandle {
    const editor = api.imageEditor.active();
    assert.ok(editor);
    return editor;
  }
});

/** What `look` gives when it gives something; the first webview of a session may take seconds. */
async function until<T>(look: () => T | undefined, otherwise: string): Promise<T> {
  for (let tries = 0; tries < 400; tries++) {
    const seen = look();
    if (seen !== undefined) return seen;
    await setTimeout(50);
  }
  throw new Error(otherwise);
}
