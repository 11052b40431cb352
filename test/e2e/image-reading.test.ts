// The image editor as it is read: by a screen reader, with the keyboard, by the mouse that rests on a byte, and by scrolling
// over gigabytes.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import type { Frame, FrameLocator, Locator } from "playwright-core";
import { workbench } from "../host/index.ts";
import { COMM, ImageEditor, unpackSingle } from "./image-editor.ts";
import { scrollScript } from "./scrolling.ts";
import type { FrameTimes } from "./scrolling.ts";
import { Session } from "./session.ts";

const GIB = 2 ** 30;

describe("an image, read", () => {
  let session: Session;
  let image: ImageEditor;
  let folder: string;
  let core: string;

  before(async function () {
    this.timeout(300_000);
    folder = mkdtempSync(join(tmpdir(), "cryo-read-"));
    unpackSingle(folder, "images");
    core = readdirSync(folder).find((name) => name.startsWith("core-")) ?? "";
    rmSync(join(folder, "pages-1.img"));
    writeFileSync(join(folder, "pages-2.img"), "");
    truncateSync(join(folder, "pages-2.img"), 2 * GIB);
    session = await Session.open(folder);
    image = new ImageEditor(session);
  });
  after(async () => {
    await session.close();
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(async function () {
    if (this.currentTest?.state === "failed") await session.picture("failed-image-reading");
  });

  const editor = (): FrameLocator => image.frame;
  const tree = (): Locator => image.tree;
  const grid = (): Locator => image.grid;

  it("is a tree to a screen reader: rows have level, place, state, and say field and value", async () => {
    await image.open(core);
    await image.goTo(COMM);
    const snapshot = await tree().ariaSnapshot();
    // What the accessibility tree of the browser has, as YAML: role, name, state.
    assert.match(snapshot, /^- tree "Fields":/);
    assert.match(snapshot, /treeitem "entries\[0\].*" \[expanded\] \[level=1\]/);
    assert.match(snapshot, /treeitem "tc.*" \[expanded\] \[level=2\]/);
    assert.match(snapshot, /treeitem "comm, \\?"feat\\?".*" \[level=3\] \[selected\]/);
    const row = image.row(COMM);
    const [place, size] = [await row.getAttribute("aria-posinset"), await row.getAttribute("aria-setsize")];
    assert.ok(Number(place) >= 1 && Number(place) <= Number(size), `${place} of ${size}`);
    // The focus stays on the tree; the row that it is on is told.
    await tree()
      .and(editor().locator(`[aria-activedescendant="${(await row.getAttribute("id")) ?? ""}"]`))
      .waitFor();
  });

  it("is a grid to a screen reader: bytes have a row, a column and a name", async () => {
    await image.goTo(COMM);
    await grid().focus();
    // The bytes follow the tree a moment later.
    const cell = editor().locator('#byte[aria-label^="66, "][aria-label*="comm"]');
    await cell.waitFor();
    assert.equal(await cell.getAttribute("role"), "gridcell");
    assert.ok(Number(await cell.getAttribute("aria-colindex")) > 1);
    const line = editor().getByRole("row").filter({ has: cell });
    assert.ok(Number(await line.getAttribute("aria-rowindex")) >= 1);
    const columns = Number(await grid().getAttribute("aria-colcount"));
    assert.ok(columns >= 9 && Number(await grid().getAttribute("aria-rowcount")) > 1);
    const snapshot = await grid().ariaSnapshot();
    assert.match(snapshot, /^- grid "Bytes":/);
    assert.match(snapshot, /- row "?[0-9A-F]{4,8}/);
    assert.match(snapshot, /- rowheader "[0-9A-F]{4,8}"/);
    assert.match(snapshot, /- columnheader /);
    assert.equal(await grid().getAttribute("aria-activedescendant"), "byte");
    await session.page.keyboard.press("ArrowRight");
    await editor().locator('#byte[aria-label^="65"]').waitFor();
  });

  it("says what is selected in a live region", async () => {
    await image.goTo(COMM);
    const status = editor().getByRole("status").filter({ hasText: COMM });
    await status.waitFor();
    assert.equal(await status.getAttribute("aria-live"), "polite");
  });

  it("is gone through with Tab in the order of the screen, and everything has a name", async () => {
    const { page } = session;
    await editor().locator("#go-to").focus();
    const seen: string[] = [];
    for (let step = 0; step < 40; step++) {
      const now = await focused();
      if (now === "" || seen.includes(now)) break;
      seen.push(now);
      await page.keyboard.press("Tab");
    }
    const stops = seen.map((each) => JSON.parse(each) as [string, string]);
    for (const [id, name] of stops) assert.notEqual(name, "", `${id} has no name`);
    const at = (id: string): number => stops.findIndex(([each]) => each === id);
    const order = ["go-to", "fields", "bytes", "entropy"].map(at);
    assert.ok(!order.includes(-1), stops.map(([id]) => id).join());
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
      stops.map(([id]) => id).join(),
    );
  });

  it("has the field's path and the words about it under the mouse, over a byte and over a row", async () => {
    await image.goTo(COMM);
    await grid().focus();
    const cell = editor().locator('#byte[aria-label*="comm"]');
    await cell.hover();
    await editor().locator('#byte[title*="entries[0].tc.comm"][title*="PR_SET_NAME"]').waitFor();
    const row = image.row(COMM);
    await row.hover();
    const words = await row.evaluate((each) =>
      [each, ...each.querySelectorAll("*")].map((part) => part.getAttribute("title") ?? "").join("\n"),
    );
    assert.ok(words.includes(COMM) && words.includes("PR_SET_NAME"), words);
  });

  it("leaves the focus where the person is, and gives it to the fields when they come in", async () => {
    const { page } = session;
    await workbench.openView(page, "Explorer");
    const files = page.locator(".explorer-folders-view");
    for (const name of ["files.img", "inventory.img"]) {
      // A click shows an image beside the list, in which the arrow keys go on.
      await files.locator(".monaco-list-row", { hasText: name }).first().click();
      await workbench.tabs(page).and(page.locator(".active")).filter({ hasText: name }).waitFor();
      await image.shown();
      // As long as a page that takes the focus may need for it.
      await page.waitForTimeout(1000);
      assert.equal(await files.locator(":focus").count(), 1, `${name} has taken the focus`);
    }
    await workbench.runCommand(page, "View: Focus Active Editor Group");
    await editor().locator("#fields:focus").waitFor();
  });

  it("scrolls over 2 GiB without dropping frames", async function () {
    this.timeout(180_000);
    await image.open("pages-2.img");
    await editor().locator(".line").first().waitFor();
    await session.page.waitForTimeout(1000);
    const wheel = await scroll("wheel");
    const thumb = await scroll("thumb");
    const load = loadavg()[0]?.toFixed(1) ?? "?";
    for (const [what, times] of Object.entries({ wheel, thumb }))
      console.log(
        `      2 GiB scrolled with the ${what}, load ${load}: script ${words(times.script)}, with layout and paint ${words(times.work)}, from frame to frame ${words(times.interval)}`,
      );
    // The goal is 16.7 ms for a frame; a busy machine is given more.
    assert.ok(percentile(wheel.script, 0.5) < 16.7 && percentile(thumb.script, 0.5) < 16.7);
  });

  /** Id or class and name of the element that has the focus; "" for none. */
  async function focused(): Promise<string> {
    const focus = editor().locator(":focus");
    // It has left the editor.
    if ((await focus.count()) === 0) return "";
    return focus
      .first()
      .evaluate((active) => {
        const name = active.getAttribute("aria-label") ?? active.getAttribute("title") ?? active.textContent;
        return JSON.stringify([active.id === "" ? active.className : active.id, name.trim()]);
      })
      .catch(() => "");
  }

  /** The editor's own frame, for code that runs in it. */
  function frame(): Frame {
    const last = session.page.frames().findLast((each) => each.url().includes("fake.html"));
    assert.ok(last);
    return last;
  }

  async function scroll(how: "wheel" | "thumb"): Promise<FrameTimes> {
    // What the script gives back is of this shape.
    return (await frame().evaluate(scrollScript(how, 240))) as FrameTimes;
  }
});

function percentile(times: readonly number[], part: number): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length * part)] ?? NaN;
}

function words(times: readonly number[]): string {
  return `p50 ${percentile(times, 0.5).toFixed(1)} p95 ${percentile(times, 0.95).toFixed(1)} ms`;
}
