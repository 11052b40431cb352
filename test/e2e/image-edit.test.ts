import assert from "node:assert/strict";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FrameLocator, Locator } from "playwright-core";
import { workbench } from "../host/index.ts";
import { COMM, ImageEditor, unpackSingle } from "./image-editor.ts";
import { Session } from "./session.ts";

describe("an image, edited with the keyboard", () => {
  let session: Session;
  let image: ImageEditor;
  let folder: string;
  let core: string;
  /** When the last edit was made. */
  let edited = 0;

  before(async function () {
    this.timeout(300_000);
    folder = mkdtempSync(join(tmpdir(), "cryo-edit-"));
    unpackSingle(folder, "all");
    const [name] = readdirSync(join(folder, "img")).filter((file) => /^core-\d+\.img$/.test(file));
    assert.ok(name);
    core = join(folder, "thawing-core-7.img");
    copyFileSync(join(folder, "img", name), core);
    // In a browser VS Code saves by itself unless it is told not to.
    mkdirSync(join(folder, ".vscode"));
    writeFileSync(join(folder, ".vscode/settings.json"), '{ "files.autoSave": "off" }');
    session = await Session.open(folder);
    image = new ImageEditor(session);
  });
  after(async () => {
    await session.close();
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(async function () {
    if (this.currentTest?.state === "failed") await session.picture("failed-image-edit");
  });

  const editor = (): FrameLocator => image.frame;
  const row = (path: string): Locator => image.row(path);
  const tab = (): Locator => workbench.tabs(session.page).filter({ hasText: "thawing-core-7.img" });
  const dialog = (): Locator => editor().getByRole("dialog");

  /** Selects a field, with the keys for it. */
  async function goTo(path: string): Promise<void> {
    await image.goTo(path);
    await editor().locator("#fields").focus();
  }

  it("says at once what can't be the value, and leaves it with Escape", async () => {
    const { page } = session;
    await image.open("thawing-core-7.img");
    await goTo("entries[0].tc.exit_code");
    await page.keyboard.press("F2");
    const input = dialog().getByRole("textbox", { name: "exit_code, uint32" });
    await input.waitFor();
    await input.fill("ten");
    await dialog().getByRole("status").filter({ hasText: "is no number" }).waitFor();
    assert.equal(await input.getAttribute("aria-invalid"), "true");
    // It is not taken for a value either.
    await page.keyboard.press("Enter");
    await input.waitFor();
    await session.pictures("image-edit-wrong", () => input.focus());
    await input.press("Escape");
    await dialog().waitFor({ state: "hidden" });
    assert.doesNotMatch((await tab().getAttribute("class")) ?? "", /dirty/);
  });

  it("takes a text with Enter, marks it, undoes it and makes it again", async () => {
    const { page } = session;
    await goTo(COMM);
    const old = (await row(COMM).getAttribute("aria-label")) ?? "";
    await page.keyboard.press("Enter");
    await dialog().getByRole("textbox").fill("thawed");
    await page.keyboard.press("Enter");
    await row(COMM).filter({ hasText: '"thawed"' }).waitFor();
    await page.locator(".tabs-container .tab.dirty", { hasText: "thawing-core-7.img" }).waitFor();
    assert.match((await row(COMM).getAttribute("aria-label")) ?? "", /Edited: .* was "/);
    await editor().locator(".b.edited").first().waitFor();

    await page.keyboard.press("Control+Z");
    await editor()
      .locator(`[data-path="${COMM}"][aria-label="${cssText(old)}"]`)
      .waitFor();
    await page.keyboard.press("Control+Shift+Z");
    await row(COMM).filter({ hasText: '"thawed"' }).waitFor();
  });

  it("takes flags from boxes", async () => {
    const { page } = session;
    await goTo("entries[0].thread_core.creds.secbits");
    await page.keyboard.press("F2");
    const box = dialog().getByRole("checkbox").first();
    await box.check();
    await session.pictures("image-edit-flags", () => box.focus());
    edited = Date.now();
    await box.press("Enter");
    await row("entries[0].thread_core.creds.secbits")
      .filter({ hasText: /^.*SECBIT_\w+/ })
      .waitFor();
  });

  it("has its edits again after a reload, and saves them", async () => {
    const { page } = session;
    // VS Code keeps them a moment after the last one.
    await session.backedUp(edited);
    assert.ok(!readFileSync(core).includes("thawed"));
    await page.reload();
    await workbench.ready(page);
    await page.locator(".tabs-container .tab.dirty", { hasText: "thawing-core-7.img" }).waitFor();
    await goTo(COMM);
    await row(COMM).filter({ hasText: '"thawed"' }).waitFor();
    await session.pictures("image-edited", () => editor().locator("#fields").focus());
    await page.keyboard.press("Control+S");
    await page.locator(".tabs-container .tab:not(.dirty)", { hasText: "thawing-core-7.img" }).waitFor();
    assert.ok(readFileSync(core).includes("thawed"));
  });

  it("adds a field by the palette, and says what CRIU would refuse", async () => {
    const { page } = session;
    await goTo("entries[0]");
    await workbench.runCommand(page, "Cryoscope: Add Field or Entry", "ti_aarch64");
    await workbench.choose(page, "ti_aarch64");
    await editor().locator("#edit-problems", { hasText: "required field" }).waitFor();
    // The problems take room from the fields; the new row, which is selected, stays where it can be seen.
    const selected = image.selected("entries[0].ti_aarch64");
    await selected.waitFor();
    const [box, pane] = [await selected.boundingBox(), await editor().locator("#fields").boundingBox()];
    assert.ok(box && pane && box.y >= pane.y - 1 && box.y + box.height <= pane.y + pane.height + 1);
    await session.pictures("image-edit-refused", () => editor().locator("#fields").focus());
    await editor().locator("#fields").focus();
    await page.keyboard.press("Control+Z");
    await editor().locator("#edit-problems").waitFor({ state: "detached" });
  });
});

/** Text inside quotes of a CSS selector. */
function cssText(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"');
}
