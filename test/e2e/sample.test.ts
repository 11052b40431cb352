import assert from "node:assert/strict";
import { workbench } from "../host/index.ts";
import { openSample } from "./session.ts";
import type { Session } from "./session.ts";

describe("the sample, opened in a browser", () => {
  let session: Session;
  openSample("sample", (opened) => (session = opened));

  it("lists its processes without being asked to", async () => {
    await workbench.openView(session.page, "Cryoscope");
    const rows = workbench.treeRows(session.page, "Checkpoint");
    await rows.filter({ hasText: "Processes" }).waitFor();
    await session.picture("explorer");
    for (const view of ["Containers", "Snapshots"]) await workbench.foldView(session.page, view);
  });

  it("shows the bytes of the field that is selected", async () => {
    await openImage("pstree.img");
    const editor = workbench.webview(session.page);
    const entry = editor.locator('[role="treeitem"][data-path="entries[0]"]');
    await entry.click();
    // An only entry is open from the start.
    if ((await entry.getAttribute("aria-expanded")) === "false")
      await session.page.keyboard.press("ArrowRight");
    const field = editor.locator('[role="treeitem"][data-path="entries[0].pid"]');
    await field.click();

    const marked = editor.locator("[data-offset].field");
    // Until the click has told, all of the entry is marked, its size word first.
    await editor.locator('[role="treeitem"][data-path="entries[0].pid"][aria-selected="true"]').waitFor();
    const [tag, ...value] = (await marked.allTextContents()).map((digits) => Number.parseInt(digits, 16));
    // pstree.proto has pid as field 1, a varint.
    assert.equal(tag, (1 << 3) | 0);
    const label = (await field.getAttribute("aria-label")) ?? "";
    assert.equal(varint(value), Number(/\d+/.exec(label)?.[0]));
    await session.pictures("image-editor", () => field.click());
  });

  it("selects the field of the byte that is clicked", async () => {
    const editor = workbench.webview(session.page);
    await editor.locator('[data-offset="0"]').click();
    const selected = editor.locator('[role="treeitem"][aria-selected="true"]');
    await editor.locator('[role="treeitem"][aria-selected="true"][data-path="magic"]').waitFor();
    assert.equal(await selected.count(), 1);
  });

  async function openImage(name: string): Promise<void> {
    const rows = workbench.treeRows(session.page, "Checkpoint");
    await workbench.unfold(rows.filter({ hasText: "Images" }).first());
    await rows.filter({ hasText: ".img" }).first().waitFor();
    // Typing goes to a row also when it isn't on screen yet.
    await session.page.keyboard.type(name);
    await rows.filter({ hasText: name }).first().click();
    await workbench.tabs(session.page).filter({ hasText: name }).waitFor();
  }
});

/** protobuf's base-128 number, least significant group first. */
function varint(bytes: readonly number[]): number {
  return bytes.reduce((sum, byte, index) => sum + (byte & 0x7f) * 2 ** (7 * index), 0);
}
