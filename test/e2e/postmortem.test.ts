// Debug Frozen Process in the browser, on the checkpoint of threads.c in test/fixtures/memory/elfcore, whose program has
// debug information: its first thread sleeps in depth3, called by depth2 and main.
import assert from "node:assert/strict";
import { cp, mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { workbench } from "../host/index.ts";
import { fixture } from "../unit/fixtures.ts";
import { Session } from "./session.ts";

describe("a post-mortem session, in a browser", () => {
  let session: Session;
  let folder: string;

  before(async function () {
    this.timeout(300_000);
    folder = await mkdtemp(join(tmpdir(), "postmortem-"));
    const from = await fixture("memory/elfcore");
    for (const part of ["img", "root"]) await cp(join(from, part), join(folder, part), { recursive: true });
    await mkdir(join(folder, ".vscode"));
    const configuration = {
      ...{ type: "cryoscope", request: "launch", name: "Frozen", mode: "postmortem" },
      ...{ checkpoint: "img", sysroot: "root" },
    };
    await writeFile(
      join(folder, ".vscode/launch.json"),
      JSON.stringify({ version: "0.2.0", configurations: [configuration] }),
    );
    session = await Session.open(folder);
  });
  after(async () => {
    await session.close();
    await rm(folder, { recursive: true, force: true });
  });
  afterEach(async function () {
    if (this.currentTest?.state === "failed") await session.picture("failed-postmortem");
  });

  /** Rows of a view of *Run and Debug* that are on screen. */
  const rows = (view: "call-stack" | "variables") => session.page.locator(`.debug-${view} .monaco-list-row`);

  it("leaves Run and Debug in front, with the checkpoint open behind it", async () => {
    const { page } = session;
    await workbench.openView(page, "Run and Debug");
    const start = page.locator(".start-debug-action-item");
    await start.filter({ hasText: "Frozen" }).waitFor();
    const toolbar = page.locator(".debug-toolbar");
    // The button is there before what is behind it: a click that comes too early starts nothing.
    await workbench.until(
      () => toolbar.isVisible(),
      async () => {
        await start.locator(".codicon-debug-start").click();
        await toolbar.waitFor({ timeout: 20_000 });
      },
    );
    await rows("call-stack").filter({ hasText: "threads" }).first().waitFor();
    assert.match((await page.locator(".sidebar .composite.title h2").textContent()) ?? "", /run and debug/i);
  });

  it("shows threads, calls, arguments, locals and registers", async () => {
    const call = rows("call-stack").filter({ hasText: "depth3" });
    await call.first().waitFor();
    await workbench.foldView(session.page, "Watch");
    await call.first().click();
    const variables = rows("variables");
    await variables.filter({ hasText: /^a\s*=\s*2$/ }).waitFor();
    await variables.filter({ hasText: /^Locals$/ }).click();
    await variables.filter({ hasText: /local_answer\s*=\s*4/ }).waitFor();
    await variables.filter({ hasText: /^Frame$/ }).click();
    await variables.filter({ hasText: /^Registers$/ }).click();
    await variables.filter({ hasText: /rsp\s*=\s*0x7ffca83aaf40/ }).waitFor();
    await session.pictures("postmortem-variables", async () => {
      await call.first().focus();
    });
  });

  it("shows the code of a frame in the Disassembly view", async () => {
    const { page } = session;
    await rows("call-stack").filter({ hasText: "depth3" }).first().click();
    await workbench.runCommand(page, "Open Disassembly View");
    const code = page.locator(".disassembly-view .monaco-list-row");
    await code.filter({ hasText: "call" }).first().waitFor();
    await session.pictures("postmortem-disassembly", async () => {
      await code.first().hover();
    });
  });
});
