// A checkpoint's files as a folder of a real workspace, and snapshots that CRIU didn't make, as a person sees them.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { PROJECT, workbench } from "../host/index.ts";
import { Session } from "./session.ts";

describe("a checkpoint in a workspace, in a browser", () => {
  let session: Session;
  let folder: string;

  before(async function () {
    this.timeout(300_000);
    folder = await mkdtemp(join(tmpdir(), "cryo-workspace-"));
    await mkdir(join(folder, ".vscode"));
    await cp(join(PROJECT, "media/sample/checkpoint.tar.gz"), join(folder, "checkpoint.tar.gz"));
    const archive = join(PROJECT, "test/fixtures/archive/gvisor.tar.gz");
    await promisify(execFile)("tar", ["-xzf", archive, "-C", folder]);
    await writeFile(join(folder, ".vscode/cryoscope.json"), '{ "open": ["checkpoint.tar.gz", "gvisor"] }');
    session = await Session.open(folder);
  });
  after(async () => {
    await session.close();
    await rm(folder, { recursive: true, force: true });
  });
  afterEach(async function () {
    if (this.currentTest?.state === "failed") await session.picture("failed-workspace");
  });

  /** Of the checkpoints that a command asks about. */
  async function choose(name: string): Promise<void> {
    const row = session.page.locator(".quick-input-list .monaco-list-row");
    await row.filter({ has: session.page.locator(".label-name", { hasText: name }) }).click();
  }

  it("of gVisor says what it is in the Checkpoint view and on its Overview", async () => {
    const { page } = session;
    await workbench.openView(page, "Cryoscope");
    const rows = workbench.treeRows(page, "Checkpoint");
    // Room for its rows: only those that are in sight are in the page.
    for (const view of ["Containers", "Snapshots"]) await workbench.foldView(page, view);
    await rows.filter({ hasText: "gVisor froze this" }).waitFor();
    await rows.filter({ hasText: "checkpoint.img" }).waitFor();
    await session.picture("gvisor-view");
    await workbench.runCommand(page, "Cryoscope: Open Overview", "gvisor");
    await choose("gvisor");
    const overview = await session.webview("#section-identity");
    await overview.getByText("gVisor state file (runsc checkpoint)").waitFor();
    assert.equal(await overview.getByRole("heading", { name: "Processes" }).count(), 0);
    await session.pictures("gvisor-overview", async () => {
      await overview.getByRole("heading", { name: "Identity" }).scrollIntoViewIfNeeded();
    });
    await overview
      .getByText(/checkpoint\.img/)
      .first()
      .waitFor();
  });

  it("is a folder in VS Code's own explorer, whose files open and can't be written in", async () => {
    const { page } = session;
    await workbench.runCommand(page, "Cryoscope: Add Frozen /proc to Workspace", "sample");
    await choose("sample");
    // Of one folder becomes a workspace of several: VS Code loads the window anew.
    await page
      .getByText(/\(Workspace\)/)
      .first()
      .waitFor();
    await workbench.ready(page);
    // The checkpoints of the workspace open again, and their view comes up.
    await workbench.treeRows(page, "Checkpoint").filter({ hasText: "gVisor" }).first().waitFor();
    const explorer = page.locator(".explorer-folders-view .monaco-list-row");
    await workbench.openView(page, "Explorer");
    const root = explorer.filter({ hasText: "Frozen: checkpoint.tar.gz" });
    await root.waitFor();
    await workbench.unfold(root);
    await workbench.unfold(explorer.filter({ hasText: /^proc$/ }));
    await workbench.unfold(explorer.filter({ hasText: /^1$/ }));
    await explorer
      .filter({ hasText: /^maps$/ })
      .first()
      .dblclick();
    await page.locator(".editor-instance .view-line").filter({ hasText: "[stack]" }).first().waitFor();
    await session.picture("frozen-explorer");
    await page.locator(".editor-instance .view-line").first().click();
    await page.keyboard.type("x");
    await page
      .getByText(/read-only/i)
      .first()
      .waitFor();
  });
});
