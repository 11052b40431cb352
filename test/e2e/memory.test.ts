import assert from "node:assert/strict";
import type { Locator } from "playwright-core";
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
    await processes.waitFor();
    await workbench.runCommand(page, "Cryoscope: Open Memory", "1 sample");
    await workbench.choose(page, "1 sample");
    const memory = await session.webview("#map");
    // It begins where the first thread stands, not at the first mapping.
    await memory.locator(".breadcrumbs", { hasText: "[stack]" }).waitFor();
    // The thread `keeper` of media/sample/sample.c has a stack of its own.
    await memory.getByRole("option", { name: /stack of thread \d+ keeper/ }).waitFor();
    await memory.getByRole("option", { name: /^\[stack\]/ }).click();
    // Its stack pointer is gone to, which is far behind its head.
    await memory.locator(".breadcrumbs", { hasText: "[stack]" }).waitFor();
    await session.pictures("memory-map", async () => {
      await memory.getByRole("listbox", { name: "Mappings" }).focus();
    });
  });

  it("is read and moved through with the keyboard alone", async () => {
    const { page } = session;
    const memory = await session.webview("#map");
    const map = memory.getByRole("listbox", { name: "Mappings" });
    const grid = memory.getByRole("grid", { name: "Memory" });
    const isFocused = (locator: Locator): Promise<unknown> =>
      locator.and(memory.locator(":focus")).waitFor({ state: "attached" });
    const chosen = map.getByRole("option", { selected: true });
    /** What a screen reader reads: the name of what is active in the list or grid that has the focus. */
    const active = async (of: Locator): Promise<string> => {
      const id = await of.getAttribute("aria-activedescendant");
      return (await memory.locator(`[id="${id ?? "none"}"]`).getAttribute("aria-label")) ?? "";
    };
    const reads = async (of: Locator, words: RegExp): Promise<void> => {
      for (const end = Date.now() + workbench.SLOW_MS; !words.test(await active(of));) {
        if (Date.now() > end) throw new Error(`It reads ${await active(of)}, not ${String(words)}.`);
        await page.waitForTimeout(100);
      }
    };
    // The list: rows are options that say what they are, and where they are in the list.
    const place = async (): Promise<number> => Number(await chosen.getAttribute("aria-posinset"));
    const presses = async (key: string, isThere: (from: number, to: number) => boolean): Promise<void> => {
      const from = await place();
      await page.keyboard.press(key);
      for (const end = Date.now() + workbench.SLOW_MS; !isThere(from, await place());) {
        if (Date.now() > end) throw new Error(`${key} went from row ${from} to ${await place()}.`);
        await page.waitForTimeout(100);
      }
    };
    await map.focus();
    await presses("Home", (_from, to) => to === 1);
    await presses("ArrowDown", (_from, to) => to === 2);
    await presses("PageDown", (from, to) => to > from + 2);
    await presses("PageUp", (from, to) => to < from - 2);
    await presses("End", (from, to) => to > from);
    await reads(map, /^\[(vsyscall|vdso|stack)\], .*, from [0-9a-f]+, /);
    // Tab goes through the parts in the order in which they are seen.
    await memory.getByRole("combobox", { name: "Colour of the mappings" }).focus();
    await page.keyboard.press("Tab");
    await isFocused(map);
    const order: string[] = [];
    for (let tabs = 0; tabs < 20 && !order.includes("Memory"); tabs++) {
      await page.keyboard.press("Tab");
      const focused = memory.locator(":focus");
      order.push((await focused.getAttribute("aria-label")) ?? (await focused.textContent()) ?? "");
    }
    assert.equal(order.at(-1), "Memory", order.join(" | "));
    await isFocused(grid);
    // The grid: a byte is read with its address, its place and where it comes from.
    await memory.getByRole("option", { name: /^\[stack\]/ }).click();
    await grid.focus();
    await reads(grid, /^[0-9A-F]{2}, [0-9a-f]{8,16}, \[stack\]\+0x[0-9a-f]+, dumped/);
    const addressOf = async (): Promise<bigint> =>
      BigInt(`0x${/, ([0-9a-f]+), /.exec(await active(grid))?.[1] ?? "0"}`);
    const moves = async (key: string, by: (from: bigint, to: bigint) => boolean): Promise<void> => {
      const from = await addressOf();
      await page.keyboard.press(key);
      for (const end = Date.now() + workbench.SLOW_MS; !by(from, await addressOf());) {
        if (Date.now() > end)
          throw new Error(`${key} went from ${from.toString(16)} to ${(await addressOf()).toString(16)}.`);
        await page.waitForTimeout(100);
      }
    };
    await moves("ArrowRight", (from, to) => to === from + 1n);
    await moves("ArrowLeft", (from, to) => to === from - 1n);
    await moves("ArrowDown", (from, to) => [8n, 16n, 32n].includes(to - from));
    await moves("ArrowUp", (from, to) => [8n, 16n, 32n].includes(from - to));
    await moves("PageDown", (from, to) => to > from + 64n);
    await moves("PageUp", (from, to) => to > 0n && to < from);
    await page.keyboard.press("Control+g");
    await workbench.quickInput(page).waitFor();
    await page.keyboard.press("Escape");
    await workbench.closeQuickInput(page);
  });

  it("searches memory and shows the match that is clicked", async () => {
    const { page } = session;
    const memory = await session.webview("#map");
    await memory.getByRole("button", { name: /^Search Memory/ }).click();
    await workbench.type(page, "Search Memory", "Cryoscope found");
    await workbench.choose(page, "as it is typed");
    await workbench.choose(page, "Everywhere");
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
    await workbench.type(page, "Go to Address", "stack pointer");
    await workbench.choose(page, "stack pointer");
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
    await workbench.choose(page, "All chunks");
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
