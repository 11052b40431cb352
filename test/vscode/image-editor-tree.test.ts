import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { commands, env, extensions, Uri, workspace } from "vscode";
import type { TestApi } from "../../src/vscode/extension.ts";
import type { ImageEditorHandle } from "../../src/vscode/image-editor/index.ts";

describe("the fields of the image editor", () => {
  let api: TestApi;
  let folder: string;

  before(async () => {
    const extension = extensions.getExtension<TestApi>("cryoscope.cryoscope");
    assert.ok(extension);
    api = await extension.activate();
    folder = mkdtempSync(join(tmpdir(), "cryo-fields-"));
    const archive = join(extension.extensionPath, "test/fixtures/corpus/c-seccomp.tar.gz");
    execFileSync("tar", ["-xzf", archive, "-C", folder, "--strip-components=1"]);
    cpSync(join(extension.extensionPath, "media/sample/checkpoint.tar.gz"), join(folder, "sample.tar.gz"));
  });

  afterEach(() => commands.executeCommand("workbench.action.closeAllEditors"));

  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(uri: Uri): Promise<ImageEditorHandle> {
    await commands.executeCommand("vscode.openWith", uri, "cryoscope.image");
    return shown(uri);
  }

  const image = (name: string): Uri => Uri.file(join(folder, "img", name));

  /** The editor of an image, once its view has selected something. */
  function shown(uri: Uri): Promise<ImageEditorHandle> {
    return until(() => {
      const editor = api.imageEditor.active();
      return editor?.uri.toString() === uri.toString() && editor.selection() ? editor : undefined;
    }, `${uri.path} isn't shown`);
  }

  async function select(editor: ImageEditorHandle, path: string): Promise<void> {
    editor.select(path);
    await until(() => editor.selection()?.path === path || undefined, `${path} isn't selected`);
  }

  async function crit<T>(name: string): Promise<readonly T[]> {
    const text = readFileSync(join(folder, "crit", `${name}.json`), "utf8");
    return Promise.resolve((JSON.parse(text) as { entries: readonly T[] }).entries);
  }

  it("lead from a descriptor to its open file in the image beside this one", async () => {
    const [fd] = await crit<{ id: number }>("fdinfo-2.img");
    const at = (await crit<{ id: number }>("files.img")).findIndex(({ id }) => id === fd?.id);
    await select(await open(image("fdinfo-2.img")), "entries[0].id");
    await commands.executeCommand("cryoscope.tree.goToDefinition");
    const files = await shown(image("files.img"));
    await until(() => files.selection()?.path === `entries[${String(at)}]` || undefined, "not selected");
  });

  it("lead to an image that is open already, but hidden", async () => {
    const files = await open(image("files.img"));
    await select(files, "entries[0]");
    await select(await open(image("fdinfo-2.img")), "entries[1].id");
    await commands.executeCommand("cryoscope.tree.goToDefinition");
    const [, fd] = await crit<{ id: number }>("fdinfo-2.img");
    const at = (await crit<{ id: number }>("files.img")).findIndex(({ id }) => id === fd?.id);
    const again = await shown(image("files.img"));
    await until(() => again.selection()?.path === `entries[${String(at)}]` || undefined, "not selected");
  });

  it("lead within an open checkpoint as they do in a folder", async () => {
    await commands.executeCommand("cryoscope.openCheckpoint", Uri.file(join(folder, "sample.tar.gz")));
    const { checkpoint } = api;
    const [row] = (await checkpoint.view.getChildren()) ?? [];
    assert.ok(row);
    try {
      const layer = row.entry.checkpoint?.layers[0];
      assert.ok(layer);
      const path = (name: string) => [layer.folder, name].filter((part) => part !== "").join("/");
      const uri = (name: string) => Uri.from({ scheme: "cryoscope", path: `/${row.entry.id}/${path(name)}` });
      const files = await workspace.fs.readDirectory(uri("."));
      const core = files.map(([name]) => name).find((name) => /^core-\d+\.img$/.test(name)) ?? "";
      await select(await open(uri(core)), "entries[0]");
      await commands.executeCommand("cryoscope.tree.goToDefinition");
      const pstree = await shown(uri("pstree.img"));
      await until(() => /^entries\[\d+\]$/.test(pstree.selection()?.path ?? "") || undefined, "not selected");
    } finally {
      await commands.executeCommand("workbench.action.closeAllEditors");
      await commands.executeCommand("cryoscope.closeCheckpoint", row);
    }
  });

  it("are copied by path, value, JSON and bytes, for the row of the menu or the selected one", async () => {
    const name = readdirSync(join(folder, "img")).find((each) => each.startsWith("core-")) ?? "";
    const [core] = await crit<{ thread_core: { comm: string } }>(name);
    const comm = core?.thread_core.comm ?? "";
    const editor = await open(image(name));
    const path = "entries[0].thread_core.comm";
    await select(editor, path);
    const copied = async (what: string, given?: object): Promise<string> => {
      await commands.executeCommand(`cryoscope.tree.copy${what}`, given);
      return env.clipboard.readText();
    };
    assert.equal(await copied("Path"), path);
    assert.equal(await copied("Value"), comm);
    assert.equal(await copied("Json"), JSON.stringify(comm));
    // Field 13, length-delimited: then the length and the text.
    const bytes = Buffer.from([(13 << 3) | 2, comm.length, ...Buffer.from(comm)]);
    assert.equal((await copied("Bytes")).replaceAll(" ", ""), bytes.toString("hex"));
    assert.equal(await copied("Path", { path: "entries[0].mtype" }), "entries[0].mtype");
  });
});

/** What `look` gives when it gives something; the first webview of a session may take seconds. */
async function until<T>(look: () => T | undefined, otherwise: string): Promise<T> {
  for (let tries = 0; tries < 300; tries++) {
    const seen = look();
    if (seen !== undefined) return seen;
    await setTimeout(50);
  }
  throw new Error(otherwise);
}
