// The tools of the image editor as they are used: search, inspector, bookmarks, entropy, legend, breadcrumbs, filter.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FrameLocator, Locator } from "playwright-core";
import { PROJECT, workbench } from "../host/index.ts";
import { Session } from "./session.ts";

const COMM = "entries[0].tc.comm";

describe("the tools of the image editor", () => {
  let session: Session;
  let folder: string;
  let core: string;
  let bytes: Buffer;

  before(async function () {
    this.timeout(300_000);
    folder = mkdtempSync(join(tmpdir(), "cryo-tools-"));
    const archive = join(PROJECT, "test/fixtures/corpus/a-single.tar.gz");
    execFileSync("tar", ["-xzf", archive, "-C", folder, "--strip-components=2", "a-single/img"]);
    core = readdirSync(folder).find((name) => name.startsWith("core-")) ?? "";
    bytes = readFileSync(join(folder, core));
    session = await Session.open(folder);
    await open(core);
  });
  after(async () => {
    await session.close();
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(async function () {
    if (this.currentTest?.state === "failed") await session.picture("failed-image-tools");
  });

  const editor = (): FrameLocator => workbench.webview(session.page);
  const row = (path: string): Locator => editor().locator(`[role="treeitem"][data-path="${path}"]`);

  async function open(name: string): Promise<void> {
    const { page } = session;
    await page.keyboard.press("Control+P");
    await page.locator(".quick-input-widget .quick-input-filter input").fill(name);
    await page.locator(".quick-input-list .monaco-list-row", { hasText: name }).first().click();
    await editor().locator('[role="treeitem"][aria-selected="true"]').waitFor();
  }

  /** Types an offset or a path into the box for it. */
  async function goTo(place: string): Promise<void> {
    const box = editor().locator("#go-to");
    await box.fill(place);
    await box.press("Enter");
  }

  /** Opens a tab under the bytes, if it isn't. */
  async function panel(id: string): Promise<void> {
    if (!(await editor().locator(`#panel-${id}`).isVisible()))
      await editor().locator(`#panel-${id}-tab`).click();
    await editor().locator(`#panel-${id}`).waitFor();
  }

  it("go to an offset and to a field, and say when there is none", async () => {
    await goTo(COMM);
    await editor().locator(`[data-path="${COMM}"][aria-selected="true"]`).waitFor();
    await goTo("0x10");
    await editor()
      .locator("#status-range", { hasText: /0x10\b/i })
      .waitFor();
    await goTo("entries[9].nothing");
    await editor().locator('#go-to[aria-invalid="true"]').waitFor();
  });

  it("read the bytes at the cursor as values, in either byte order", async () => {
    await goTo("0x4");
    await panel("inspector");
    const [low, high] = [bytes.readUInt32LE(4), bytes.readUInt32BE(4)];
    assert.equal(low, 0x55053847);
    const reading = editor().locator('[role="option"]');
    await reading.filter({ hasText: low.toString() }).first().waitFor();
    await editor().locator("#byte-order").selectOption({ label: "Big-endian" });
    await reading.filter({ hasText: high.toString() }).first().waitFor();
    await editor().locator("#byte-order").selectOption({ label: "Little-endian" });
    await reading.filter({ hasText: low.toString() }).first().waitFor();
    const names = (await reading.allInnerTexts()).join("\n");
    for (const name of [
      /varint/i,
      /zigzag/i,
      /float/i,
      /time_t/i,
      /timespec/i,
      /IPv4/i,
      /IPv6/i,
      /UTF-8/i,
      /UTF-16/i,
      /pointer/i,
    ])
      assert.match(names, name);
  });

  it("find hex with wildcards and regular expressions, and count what they find", async () => {
    const { page } = session;
    await editor().getByRole("grid", { name: "Bytes" }).focus();
    await page.keyboard.press("Control+F");
    const [box, mode, count] = ["#search", "#search-mode", "#search-count"].map((id) => editor().locator(id));
    assert.ok(box && mode && count);
    await box.waitFor();
    const all = bytes.toString("latin1");
    for (const [kind, query, expected] of [
      ["hex", "66 ?? 61 7?", /f[^]a[p-\x7f]/g],
      ["regex", "fe[a-c]t", /fe[a-c]t/g],
      ["utf-8", "feat", /feat/gi],
    ] as const) {
      await mode.selectOption(kind);
      await box.fill(query);
      const found = [...all.matchAll(expected)].length;
      assert.ok(found > 0, query);
      await count.filter({ hasText: new RegExp(`\\b${found}\\b`) }).waitFor();
      const at = `0x${all.search(expected).toString(16)}`;
      await editor()
        .locator("#status-range", { hasText: new RegExp(`${at}\\b`, "i") })
        .waitFor();
    }
    await mode.selectOption("regex");
    await box.fill("fe[");
    await editor().locator('#search[aria-invalid="true"]').waitFor();
    await box.press("Escape");
  });

  it("mark bytes with a note and a colour, which are there after a reload", async () => {
    const { page } = session;
    await goTo("0x20");
    await editor()
      .locator("#status-range", { hasText: /0x20\b/i })
      .waitFor();
    await workbench.runCommand(page, "Cryoscope: Edit Bookmark");
    const input = page.locator(".quick-input-widget input");
    await page.locator(".quick-input-title", { hasText: "Bookmark at 0x20" }).waitFor();
    await input.first().fill("the task begins");
    await page.keyboard.press("Enter");
    await page.locator(".quick-input-list .monaco-list-row", { hasText: "purple" }).click();
    const mark = (): Locator => editor().getByRole("button", { name: /^0x20, .*purple: the task begins/ });
    await panel("bookmarks");
    await mark().waitFor();
    await page.reload();
    await workbench.ready(page);
    await editor().locator('[role="treeitem"][aria-selected="true"]').waitFor({ timeout: 60_000 });
    await panel("bookmarks");
    await mark().waitFor();
    await goTo("0x0");
    await mark().click();
    await editor()
      .locator("#status-range", { hasText: /0x20\b/i })
      .waitFor();
  });

  it("tell the kinds of bytes by a legend, and show them in the grid", async () => {
    const kinds = await editor().getByRole("list", { name: "Kinds of bytes" }).locator("li").allInnerTexts();
    for (const kind of ["magic", "size", "tag", "value", "payload", "unknown"])
      assert.ok(
        kinds.some((each) => each.endsWith(kind)),
        `${kind} of ${kinds.join()}`,
      );
    await goTo("0x0");
    await editor().locator(".line .k-magic").first().waitFor();
    await editor().locator(".line .k-size").first().waitFor();
    await editor().locator(".line .k-tag").first().waitFor();
  });

  it("show how random the bytes are, beside them and as a list", async () => {
    await editor().locator("#entropy").waitFor();
    await panel("entropy");
    await editor().locator("#panel-entropy").getByText(/bits?/i).first().waitFor();
    await panel("inspector");
  });

  it("lead up by breadcrumbs, filter the fields, and open all of them", async () => {
    await goTo(COMM);
    const crumbs = editor().locator("#breadcrumbs");
    await crumbs.locator('[aria-current="location"]', { hasText: "comm" }).waitFor();
    await crumbs.getByRole("button", { name: "tc", exact: true }).click();
    await editor().locator('[data-path="entries[0].tc"][aria-selected="true"]').waitFor();
    const filter = editor().locator("#filter");
    await filter.fill("RLIMIT_NOFILE");
    await row("entries[0].tc.rlimits.rlimits[7]").waitFor();
    await row("entries[0].mtype").waitFor({ state: "detached" });
    await filter.press("Escape");
    await editor().getByRole("button", { name: "Collapse all fields" }).click();
    await row(COMM).waitFor({ state: "detached" });
    await editor().getByRole("button", { name: "Expand all fields" }).click();
    await goTo(COMM);
    await row(COMM).waitFor();
    await row("entries[0].tc.task_state").waitFor();
  });

  it("can be seen in three themes", async () => {
    await goTo(COMM);
    await session.pictures("image-tools", async () => {
      await editor().locator(`[data-path="${COMM}"][aria-selected="true"]`).waitFor();
    });
    for (const name of readdirSync(folder).filter((each) =>
      /^(mm|pagemap|pages|files)-?.*\.img$/.test(each),
    )) {
      await open(name);
      await session.picture(`image-${name.replace(/-\d+\.img|\.img/, "")}`);
    }
  });
});
