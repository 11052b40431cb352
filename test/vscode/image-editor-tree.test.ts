import assert from "node:assert/strict";
import { cpSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { commands, env, Uri, window, workspace } from "vscode";
import type { QuickPick, QuickPickItem } from "vscode";
import { closeAll, Images, select, until } from "./image-support.ts";

describe("the fields of the image editor", () => {
  let images: Images;

  before(async () => {
    images = await Images.unpack("c-seccomp");
    cpSync(join(images.extension, "media/sample/checkpoint.tar.gz"), join(images.folder, "sample.tar.gz"));
  });

  afterEach(closeAll);

  after(() => {
    images.remove();
  });

  const image = (name: string): Uri => Uri.file(join(images.folder, "img", name));

  it("lead from a descriptor to its open file in the image beside this one", async () => {
    const [fd] = images.crit<{ id: number }>("fdinfo-2.img");
    const at = images.crit<{ id: number }>("files.img").findIndex(({ id }) => id === fd?.id);
    await select(await images.open(image("fdinfo-2.img")), "entries[0].id");
    await commands.executeCommand("cryoscope.tree.goToDefinition");
    const files = await images.shown(image("files.img"));
    await until(() => files.selection()?.path === `entries[${String(at)}]` || undefined, "not selected");
  });

  it("list the descriptors that refer to an open file, and lead to the one that is chosen", async () => {
    const files = images.crit<{ id: number }>("files.img");
    const descriptors = images.crit<{ id: number }>("fdinfo-2.img");
    const id = descriptors[1]?.id;
    const expected = descriptors.flatMap((each, index) => (each.id === id ? [`entries[${index}].id`] : []));
    const at = files.findIndex((each) => each.id === id);
    await select(await images.open(image("files.img")), `entries[${at}].id`);

    const create = window.createQuickPick.bind(window);
    const lists: QuickPick<QuickPickItem>[] = [];
    const kept = <T extends QuickPickItem>(): QuickPick<T> => {
      const list = create<T>();
      // Nobody is at this workbench, so the focus may be anywhere.
      list.ignoreFocusOut = true;
      lists.push(list as unknown as QuickPick<QuickPickItem>);
      return list;
    };
    window.createQuickPick = kept;
    try {
      await commands.executeCommand("cryoscope.tree.findReferences");
    } finally {
      window.createQuickPick = create;
    }
    const [list] = lists;
    const found = list?.items.filter(({ description }) => description === "fdinfo-2.img") ?? [];
    assert.deepEqual(
      found.map(({ label }) => label),
      expected,
    );
    assert(list);
    list.activeItems = found.slice(-1);
    // VS Code is told in the next turn.
    await new Promise((resolve) => setTimeout(resolve, 10));
    await commands.executeCommand("workbench.action.acceptSelectedQuickOpenItem");
    const shown = await images.shown(image("fdinfo-2.img"));
    await until(() => shown.selection()?.path === expected.at(-1) || undefined, "not selected");
  });

  it("lead to an image that is open already, but hidden", async () => {
    const files = await images.open(image("files.img"));
    await select(files, "entries[0]");
    await select(await images.open(image("fdinfo-2.img")), "entries[1].id");
    await commands.executeCommand("cryoscope.tree.goToDefinition");
    const [, fd] = images.crit<{ id: number }>("fdinfo-2.img");
    const at = images.crit<{ id: number }>("files.img").findIndex(({ id }) => id === fd?.id);
    const again = await images.shown(image("files.img"));
    await until(() => again.selection()?.path === `entries[${String(at)}]` || undefined, "not selected");
  });

  it("lead from a run of pages to its bytes in the pages file", async () => {
    const name = readdirSync(join(images.folder, "img")).find((each) => each.startsWith("pagemap-")) ?? "";
    const [head, first, second] = images.crit<{ pages_id: number; nr_pages: number }>(name);
    assert.ok(head && first && second);
    await select(await images.open(image(name)), "entries[2]");
    await commands.executeCommand("cryoscope.tree.goToDefinition");
    const pages = await images.shown(image(`pages-${String(head.pages_id)}.img`));
    // crit's counts, in pages of this machine's images: x86-64.
    const start = first.nr_pages * 4096;
    const end = start + second.nr_pages * 4096;
    await until(
      () => (pages.selection()?.start === start && pages.selection()?.end === end) || undefined,
      "the run isn't selected",
    );
  });

  it("lead within an open checkpoint as they do in a folder", async () => {
    await commands.executeCommand("cryoscope.openCheckpoint", Uri.file(join(images.folder, "sample.tar.gz")));
    const { checkpoint } = images.api;
    const [row] = (await checkpoint.view.getChildren()) ?? [];
    assert.ok(row);
    try {
      const layer = row.entry.checkpoint?.layers[0];
      assert.ok(layer);
      const path = (name: string) => [layer.folder, name].filter((part) => part !== "").join("/");
      const uri = (name: string) => Uri.from({ scheme: "cryoscope", path: `/${row.entry.id}/${path(name)}` });
      const files = await workspace.fs.readDirectory(uri("."));
      const core = files.map(([name]) => name).find((name) => /^core-\d+\.img$/.test(name)) ?? "";
      await select(await images.open(uri(core)), "entries[0]");
      await commands.executeCommand("cryoscope.tree.goToDefinition");
      const pstree = await images.shown(uri("pstree.img"));
      await until(() => /^entries\[\d+\]$/.test(pstree.selection()?.path ?? "") || undefined, "not selected");
    } finally {
      await commands.executeCommand("workbench.action.closeAllEditors");
      await commands.executeCommand("cryoscope.closeCheckpoint", row);
    }
  });

  it("are copied by path, value, JSON and bytes, for the row of the menu or the selected one", async () => {
    const name = readdirSync(join(images.folder, "img")).find((each) => each.startsWith("core-")) ?? "";
    const [core] = images.crit<{ thread_core: { comm: string } }>(name);
    const comm = core?.thread_core.comm ?? "";
    const editor = await images.open(image(name));
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
