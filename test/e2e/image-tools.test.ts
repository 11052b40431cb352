// The tools of the image editor as they are used: search, inspector, bookmarks, entropy, legend, breadcrumbs, filter.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FrameLocator, Locator } from "playwright-core";
import { workbench } from "../host/index.ts";
import { COMM, ImageEditor, unpackSingle } from "./image-editor.ts";
import { Session } from "./session.ts";

describe("the tools of the image editor", () => {
  let session: Session;
  let image: ImageEditor;
  let folder: string;
  let core: string;
  let bytes: Buffer;

  before(async function () {
    this.timeout(300_000);
    folder = mkdtempSync(join(tmpdir(), "cryo-tools-"));
    unpackSingle(folder, "images");
    core = readdirSync(folder).find((name) => name.startsWith("core-")) ?? "";
    bytes = readFileSync(join(folder, core));
    session = await Session.open(folder);
    image = new ImageEditor(session);
    await image.open(core);
  });
  after(async () => {
    await session.close();
    rmSync(folder, { recursive: true, force: true });
  });
  afterEach(async function () {
    if (this.currentTest?.state === "failed") await session.picture("failed-image-tools");
  });

  const editor = (): FrameLocator => image.frame;

  /** Opens a tab under the bytes, if it isn't. */
  async function panel(id: string): Promise<void> {
    if (!(await editor().locator(`#panel-${id}`).isVisible()))
      await editor().locator(`#panel-${id}-tab`).click();
    await editor().locator(`#panel-${id}`).waitFor();
  }

  it("go to an offset and to a field, and say when there is none", async () => {
    await image.goTo(COMM);
    await image.goToOffset("0x10");
    await image.enter("entries[9].nothing");
    await editor().locator('#go-to[aria-invalid="true"]').waitFor();
  });

  it("read the bytes at the cursor as values, in either byte order", async () => {
    await image.goToOffset("0x4");
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
      await image.at(`0x${all.search(expected).toString(16)}`);
    }
    await mode.selectOption("regex");
    await box.fill("fe[");
    await editor().locator('#search[aria-invalid="true"]').waitFor();
    await box.press("Escape");
  });

  it("mark bytes with a note and a colour, which are there after a reload", async () => {
    const { page } = session;
    await image.goToOffset("0x20");
    await workbench.runCommand(page, "Cryoscope: Edit Bookmark", /^Bookmark at 0x20/);
    await workbench.answer(page, /^Bookmark at 0x20/, "the task begins");
    await workbench.choose(page, "purple");
    const mark = (): Locator => editor().getByRole("button", { name: /^0x20, .*purple: the task begins/ });
    await panel("bookmarks");
    await mark().waitFor();
    await page.reload();
    await workbench.ready(page);
    await image.shown();
    await panel("bookmarks");
    await mark().waitFor();
    await image.goToOffset("0x0");
    await mark().click();
    await image.at("0x20");
  });

  it("tell the kinds of bytes by a legend, and show them in the grid", async () => {
    const kinds = await editor().getByRole("list", { name: "Kinds of bytes" }).locator("li").allInnerTexts();
    for (const kind of ["magic", "size", "tag", "value", "payload", "unknown"])
      assert.ok(
        kinds.some((each) => each.endsWith(kind)),
        `${kind} of ${kinds.join()}`,
      );
    await image.goToOffset("0x0");
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
    await image.goTo(COMM);
    const crumbs = editor().locator("#breadcrumbs");
    await crumbs.locator('[aria-current="location"]', { hasText: "comm" }).waitFor();
    await crumbs.getByRole("button", { name: "tc", exact: true }).click();
    await image.selected("entries[0].tc").waitFor();
    const filter = editor().locator("#filter");
    await filter.fill("RLIMIT_NOFILE");
    await image.row("entries[0].tc.rlimits.rlimits[7]").waitFor();
    await image.row("entries[0].mtype").waitFor({ state: "detached" });
    await filter.press("Escape");
    await editor().getByRole("button", { name: "Collapse all fields" }).click();
    await image.row(COMM).waitFor({ state: "detached" });
    await editor().getByRole("button", { name: "Expand all fields" }).click();
    await image.goTo(COMM);
    await image.row(COMM).waitFor();
    await image.row("entries[0].tc.task_state").waitFor();
  });

  it("can be seen in three themes", async () => {
    await image.goTo(COMM);
    await session.pictures("image-tools", async () => {
      await image.selected(COMM).waitFor();
    });
    for (const name of readdirSync(folder).filter((each) =>
      /^(mm|pagemap|pages|files)-?.*\.img$/.test(each),
    )) {
      await image.open(name);
      await session.picture(`image-${name.replace(/-\d+\.img|\.img/, "")}`);
    }
  });
});
