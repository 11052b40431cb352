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
    await workbench.runCommand(page, "Cryoscope: Open Memory");
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
