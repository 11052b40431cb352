import assert from "node:assert/strict";
import { workbench } from "../host/index.ts";
import { openSample } from "./session.ts";
import type { Session } from "./session.ts";

describe("the Overview page, in a browser", () => {
  let session: Session;
  openSample("overview", (opened) => (session = opened));

  it("shows who was frozen, the process tree, memory, pipes and timings", async () => {
    const { page } = session;
    await workbench.openView(page, "Cryoscope");
    await workbench.treeRows(page, "Checkpoint").filter({ hasText: "Processes" }).waitFor();
    await workbench.runCommand(page, "Cryoscope: Open Overview");
    const overview = await session.webview("#section-identity");
    // What test/lab/make-sample.ts froze: sample with its children reader and sleeper, and a pipe between them.
    for (const name of ["sample", "reader", "sleeper"])
      await overview.getByRole("treeitem", { name: new RegExp(`Process \\d+, ${name}, running`) }).waitFor();
    assert.equal(await overview.getByRole("treeitem").count(), 3);
    await overview
      .getByRole("link", { name: /pipe:\[\d+\].*reads from/ })
      .first()
      .waitFor();
    await overview
      .getByRole("button", { name: /^1 sample: (stack|heap|anonymous)/ })
      .first()
      .waitFor();
    await overview.getByText("Freezing", { exact: true }).waitFor();
    await session.pictures("overview", async () => {
      await overview.getByRole("heading", { name: "Identity" }).scrollIntoViewIfNeeded();
    });
    await session.pictures("overview-graph", async () => {
      await overview.getByRole("link", { name: /pipe:/ }).last().focus();
    });
  });

  it("moves in the process tree by arrow keys, and leads to the Checkpoint view", async () => {
    const overview = await session.webview("#section-identity");
    await overview.getByRole("treeitem", { name: /, sample, / }).focus();
    await session.page.keyboard.press("ArrowDown");
    const reader = overview.getByRole("treeitem", { name: /, reader, / });
    assert.equal(await reader.evaluate((node) => node === node.ownerDocument.activeElement), true);
    await session.page.keyboard.press("Enter");
    await workbench
      .treeRows(session.page, "Checkpoint")
      .and(session.page.locator(".selected"))
      .filter({ hasText: "reader" })
      .waitFor();
  });
});
