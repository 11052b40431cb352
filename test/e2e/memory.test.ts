import assert from "node:assert/strict";
import { workbench } from "../host/index.ts";
import { openSample } from "./session.ts";
import type { Session } from "./session.ts";

describe("the Memory editor, in a browser", () => {
  let session: Session;
  openSample("memory", (opened) => (session = opened));

  it("shows the mappings of a process and the bytes of the one that is chosen", async () => {
    const { page } = session;
    await workbench.openView(page, "Cryoscope");
    const processes = workbench.treeRows(page, "Checkpoint").filter({ hasText: "Processes" });
    await processes.waitFor({ timeout: 90_000 });
    await workbench.runCommand(page, "Cryoscope: Open Memory");
    const row = page.locator(".quick-input-list .monaco-list-row").filter({ hasText: "1 sample" });
    await row.click();
    const memory = await session.webview("#map");
    // The thread `keeper` of media/sample/sample.c has a stack of its own.
    await memory.getByRole("option", { name: /stack of thread \d+ keeper/ }).waitFor();
    await memory.getByRole("option", { name: /^\[stack\]/ }).click();
    await memory.locator(".line.head", { hasText: "[stack]" }).waitFor();
    await session.pictures("memory-map", async () => {
      await memory.getByRole("listbox", { name: "Mappings" }).focus();
    });
  });

  it("is walked by keyboard, and names its parts to a screen reader", async () => {
    const { page } = session;
    const memory = await session.webview("#map");
    const map = memory.getByRole("listbox", { name: "Mappings" });
    await map.focus();
    await page.keyboard.press("Home");
    const chosen = memory.getByRole("option", { selected: true });
    await memory.locator('[role="option"][aria-selected="true"][aria-posinset="1"]').waitFor();
    const count = await chosen.getAttribute("aria-setsize");
    await page.keyboard.press("End");
    await memory.locator(`[role="option"][aria-selected="true"][aria-posinset="${count ?? ""}"]`).waitFor();
    // Name, rights, kind, size, where it begins, where its bytes come from.
    assert.match(
      await map.ariaSnapshot(),
      /option "\[stack\], rw-p, stack, \d+ KiB, .*from 7f[0-9a-f]+, .* dumped/,
    );
    const toolbar = await memory.getByRole("toolbar", { name: "Memory" }).ariaSnapshot();
    const buttons = toolbar.match(/button/g)?.length ?? 0;
    assert.ok(buttons >= 6);
    assert.equal(toolbar.match(/button "[^"]+"/g)?.length, buttons, toolbar);
    // A row of bytes: its address, and what the byte under the cursor is.
    await memory.getByRole("option", { name: /^\[stack\]/ }).click();
    const grid = memory.getByRole("grid", { name: "Memory" });
    await grid.focus();
    await page.keyboard.press("ArrowRight");
    await memory.locator('[role="gridcell"][aria-selected="true"]').first().waitFor();
    const rows = await grid.ariaSnapshot();
    assert.match(rows, /rowheader "[0-9a-f]{12}"/);
    assert.match(
      rows,
      /gridcell "[0-9a-f]{2}, 7f[0-9a-f]+, \[stack\]\+0x[0-9a-f]+, dumped[^"]*" \[selected\]/,
    );
  });

  it("searches memory and shows the match that is clicked", async () => {
    const { page } = session;
    const memory = await session.webview("#map");
    await memory.getByRole("button", { name: /^Search Memory/ }).click();
    const input = page.locator(".quick-input-widget .quick-input-filter input");
    await input.fill("Cryoscope found");
    await input.press("Enter");
    await page.locator(".quick-input-list .monaco-list-row").filter({ hasText: "Everywhere" }).click();
    await page
      .locator('.monaco-list-row[role="treeitem"]')
      .filter({ hasText: "Cryoscope found this sentence" })
      .click();
    await memory
      .locator(".note.string", {
        hasText: '"Cryoscope found this sentence in the memory of a frozen process."',
      })
      .waitFor();
    await memory.locator(".b.selected").first().waitFor();
    await session.pictures("memory-search", async () => {
      await memory.getByRole("grid", { name: "Memory" }).focus();
    });
  });

  it("goes to the register of a thread and follows what is there", async () => {
    const { page } = session;
    const memory = await session.webview("#map");
    await memory.getByRole("grid", { name: "Memory" }).focus();
    await memory.getByRole("button", { name: /^Go to Address/ }).click();
    const input = page.locator(".quick-input-widget .quick-input-filter input");
    await input.fill("stack pointer");
    await input.press("Enter");
    await memory.locator(".note.pointer").first().waitFor();
    await session.pictures("memory-pointers", async () => {
      await memory.getByRole("grid", { name: "Memory" }).focus();
    });
    await page.keyboard.press("Alt+ArrowLeft");
    await memory.locator(".breadcrumbs [aria-current]").waitFor();
  });

  it("colours the mappings by their entropy, and lists the blocks of the heap", async () => {
    const { page } = session;
    const memory = await session.webview("#map");
    await memory.getByRole("combobox", { name: "Colour of the mappings" }).selectOption("Entropy");
    await memory
      .locator(".mapping-size", { hasText: /\d\.\d bit\/B/ })
      .first()
      .waitFor();
    await memory.getByRole("grid", { name: "Memory" }).focus();
    await memory.getByRole("button", { name: "List Heap Chunks" }).click();
    await page.locator(".quick-input-list .monaco-list-row").filter({ hasText: "All chunks" }).click();
    await page
      .locator('.monaco-list-row[role="treeitem"]')
      .filter({ hasText: /used, \d+ bytes, main arena/ })
      .first()
      .waitFor();
    await session.pictures("memory-heap", async () => {
      await memory.getByRole("grid", { name: "Memory" }).focus();
    });
  });
});
