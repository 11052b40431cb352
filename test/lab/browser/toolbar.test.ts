// A person at the workbench: F5, a stop in a restored container, the buttons of the toolbar.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { Session } from "../../e2e/session.ts";
import { hostUnavailable, PROJECT, workbench } from "../../host/index.ts";
import { connectLab, removeContainer, startContainer, until } from "../engine-helpers.ts";

const NAME = "live-toolbar";
const SLOW = { timeout: workbench.SLOW_MS };

/** The first has no snapshot to go back to; the second asks for one, and wakes it beside the container. */
const COMMON = { type: "cryoscope", stopOnEntry: true, pathMappings: { "/project": PROJECT } };
const ATTACH = { ...COMMON, request: "attach", name: "Attach to the steps", container: NAME };
const WAKE = { ...COMMON, request: "launch", name: "Wake the steps", copy: true };

describe("the debug toolbar of a live session", function () {
  this.timeout(300_000);
  let folder: string;
  let session: Session | undefined;

  before(async function () {
    if (hostUnavailable() !== undefined) this.skip();
    const command = ["/steps", "1000", "frozen-word"];
    await startContainer(await connectLab("podman"), "podman", NAME, {
      ...{ image: "debuggers", command, network: "none" },
    });
    folder = await mkdtemp(join(tmpdir(), "cryo-toolbar-"));
    await mkdir(join(folder, ".vscode"));
    session = await Session.open(folder);
  });
  afterEach(async function () {
    if (this.currentTest?.state === "failed") await session?.picture("live-failed");
  });
  after(async () => {
    await session?.close();
    await removeContainer("podman", NAME);
    await rm(folder, { recursive: true, force: true });
  });

  const parts = (page: Page) => {
    const toolbar = page.locator(".debug-toolbar");
    const button = (label: string) => toolbar.locator(`.action-label[aria-label^="${label}"]`);
    const stack = page.locator(".debug-call-stack .monaco-list-row");
    return { toolbar, rewind: button("Run from Snapshot Again"), freeze: button("Freeze Here"), stack };
  };
  const stopLine = (page: Page) =>
    page.locator(".debug-focused-stack-frame-line, .debug-top-stack-frame-line").first();
  /** The containers that were restored for sessions. */
  const copies = async (): Promise<readonly string[]> =>
    (await (await connectLab("podman")).list())
      .map(({ name }) => name)
      .filter((name) => name.startsWith(`${NAME}-debug`));
  const start = async (
    page: Page,
    configuration: typeof COMMON & { name: string; debugger?: string },
  ): Promise<void> => {
    const content = JSON.stringify({ version: "0.2.0", configurations: [configuration] });
    await writeFile(join(folder, ".vscode/launch.json"), content);
    // VS Code reads the file a moment later: until then it would start what was in it before.
    await workbench.runCommand(page, "Debug: Select and Start Debugging", configuration.name);
    await workbench.choose(page, configuration.name);
  };
  const pickSnapshot = (page: Page): Promise<void> => workbench.choose(page, NAME);

  it("freezes an attached container, wakes what was frozen, and rewinds it", async () => {
    assert.ok(session);
    const { page } = session;
    const { toolbar, rewind, freeze, stack } = parts(page);
    const frame = stack.filter({ hasText: "main" }).first();
    const said = (words: string) => page.locator(".repl .monaco-list-row", { hasText: words });
    await workbench.openView(page, "Run and Debug");

    await start(page, ATTACH);
    await frame.waitFor(SLOW);
    await freeze.waitFor();
    assert.equal(await rewind.count(), 0, "there is no snapshot to run from again");
    await freeze.click();
    await said("Frozen as").first().waitFor(SLOW);
    // The stack that is seen before may be that of the debugger that had to leave.
    await said("Attaching to process").nth(1).waitFor(SLOW);
    await frame.waitFor(SLOW);
    await page.keyboard.press("Shift+F5");
    await toolbar.waitFor({ state: "hidden", ...SLOW });
    assert.equal((await (await connectLab("podman")).inspect(NAME)).state, "running");

    await start(page, WAKE);
    await pickSnapshot(page);
    await frame.waitFor(SLOW);
    await freeze.waitFor();
    await rewind.waitFor();
    // A stop that is shown takes the focus, and so closes a palette that was open: its line is seen first.
    await stopLine(page).waitFor(SLOW);
    await session.pictures("live-toolbar", async () => {
      await rewind.hover();
    });
    assert.equal(await said("Waking").count(), 1);
    const [thrownAway] = await copies();
    await rewind.click();
    // The console has only the rows that are in sight: the first waking may be above them by now.
    const again = await until(async () => (await copies()).find((name) => name !== thrownAway), 60_000);
    await stack.filter({ hasText: again }).first().waitFor(SLOW);
    await frame.waitFor(SLOW);
    await rewind.waitFor();
    await page.keyboard.press("Shift+F5");
    await toolbar.waitFor({ state: "hidden", ...SLOW });
  });

  it("completes what a configuration may name where it is written by hand", async () => {
    assert.ok(session);
    const { page } = session;
    const content = JSON.stringify({ configurations: [{ ...WAKE, snapshot: "" }] }, undefined, 2);
    await writeFile(join(folder, ".vscode/launch.json"), content);
    await workbench.openFile(page, "launch.json");
    await page.locator(".monaco-editor .view-line", { hasText: '"snapshot"' }).first().click();
    // Between the quotes at its end.
    await page.keyboard.press("End");
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("Control+Space");
    const offered = page.locator(".suggest-widget .monaco-list-row", { hasText: NAME });
    await offered.first().waitFor(SLOW);
    await session.picture("live-completions");
    await page.keyboard.press("Enter");
    await page
      .locator(".monaco-editor .view-line", { hasText: new RegExp(`"snapshot":\\s"${NAME}`) })
      .waitFor();
    await page.keyboard.press("Control+S");
  });

  it("offers the frozen process where no live debugger fits, and removes what was woken", async () => {
    assert.ok(session);
    const { page } = session;
    const { toolbar, rewind, freeze, stack } = parts(page);
    // There is a debugger for native programs, but not this one.
    await start(page, { ...WAKE, debugger: "codelldb" });
    await pickSnapshot(page);
    const offer = page.locator(".notifications-toasts .monaco-button", { hasText: "Debug Frozen Process" });
    await offer.waitFor(SLOW);
    await session.picture("live-offer");
    await offer.click();
    await toolbar.waitFor(SLOW);
    // Its only thread has no row of its own, and without its program's file its functions have no names.
    await stack.filter({ hasText: "0x" }).first().waitFor(SLOW);
    await session.picture("live-offer-frozen");
    assert.deepEqual([await rewind.count(), await freeze.count()], [0, 0], "nothing runs");
    assert.deepEqual(await copies(), []);
    await page.keyboard.press("Shift+F5");
    await toolbar.waitFor({ state: "hidden", ...SLOW });
  });
});
