import assert from "node:assert/strict";
import { workbench } from "../host/index.ts";
import { openSample } from "./session.ts";
import type { Session } from "./session.ts";

describe("the Overview page, in a browser", () => {
  let session: Session;
  openSample("overview", (opened) => (session = opened));

  it("shows who was frozen, the process tree, memory, pipes and timings", async () => {
    const { page } = session;
    await workbench.openView(page, "Cryoscope");
    await workbench.treeRows(page, "Checkpoint").filter({ hasText: "Processes" }).waitFor();
    await workbench.runCommand(page, "Cryoscope: Open Overview");
    const overview = await session.webview("#section-identity");
    // What test/lab/make-sample.ts froze: sample with its children reader and sleeper, and a pipe between them.
    for (const name of ["sample", "reader", "sleeper"])
      await overview.getByRole("treeitem", { name: new RegExp(`Process \\d+, ${name}, running`) }).waitFor();
    assert.equal(await overview.getByRole("treeitem").count(), 3);
    await overview
      .getByRole("link", { name: /pipe:\[\d+\].*reads from/ })
      .first()
      .waitFor();
    await overview
      .getByRole("button", { name: /^1 sample: (stack|heap|anonymous)/ })
      .first()
      .waitFor();
    await overview.getByText("Freezing", { exact: true }).waitFor();
    await session.pictures("overview", async () => {
      await overview.getByRole("heading", { name: "Identity" }).scrollIntoViewIfNeeded();
    });
    await session.pictures("overview-graph", async () => {
      await overview.getByRole("link", { name: /pipe:/ }).last().focus();
    });
  });

  it("moves in the process tree by arrow keys, and leads to the Checkpoint view", async () => {
    const overview = await session.webview("#section-identity");
    await overview.getByRole("treeitem", { name: /, sample, / }).focus();
    await session.page.keyboard.press("ArrowDown");
    const reader = overview.getByRole("treeitem", { name: /, reader, / });
    await reader.and(overview.locator(":focus")).waitFor();
    await session.page.keyboard.press("Enter");
    await workbench
      .treeRows(session.page, "Checkpoint")
      .and(session.page.locator(".selected"))
      .filter({ hasText: "reader" })
      .waitFor();
  });

  it("is to a screen reader a page of named parts, whose marks all have names", async () => {
    const overview = await session.webview("#section-identity");
    const snapshot = await overview.locator("body").ariaSnapshot();
    // What the accessibility tree of the browser has, as YAML: role, name, state.
    for (const part of ["Identity", "Deserves a look", "Dump", "Processes", "Memory", "Pipes and sockets"]) {
      assert.match(snapshot, new RegExp(`- region "${part}":`));
      assert.match(snapshot, new RegExp(`- heading "${part}" \\[level=2\\]`));
    }
    assert.match(snapshot, /- heading "[^"]+" \[level=1\]/);
    assert.match(snapshot, /- tree "Processes":/);
    assert.match(
      snapshot,
      /- treeitem "Process \d+, sample, running, \d+ threads?, [\d.]+ [KM]iB frozen".* \[level=1\]/,
    );
    assert.match(snapshot, /- treeitem "Process \d+, reader, .*" \[level=2\]/);
    assert.match(snapshot, /- group "1 sample, [\d.]+ [KM]iB":/);
    assert.match(snapshot, /button "1 sample: (heap|stack|anonymous|of files), [\d.]+ [KM]iB"/);
    assert.match(snapshot, /- list "Kinds":/);
    assert.match(snapshot, /- link "pipe:\[\d+\], .*(reads from|writes to) it as descriptor \d+/);
    const unnamed = snapshot
      .split("\n")
      .filter((line) => /^\s*- '?(button|link|treeitem)\b(?! ")/.test(line));
    assert.deepEqual(unnamed, []);
  });

  it("is walked through by Tab: findings, the tree once, memory, pipes, each mark seen to have the focus", async () => {
    const overview = await session.webview("#section-identity");
    const active = async (): Promise<{ name: string; section: string; outlined: boolean }> =>
      overview.locator("body").evaluate((body) => {
        const focused = body.ownerDocument.activeElement ?? body;
        const view = body.ownerDocument.defaultView;
        if (view === null) throw new Error("The page is gone.");
        const style = view.getComputedStyle(focused);
        const shape = focused.querySelector("rect");
        return {
          name: focused.getAttribute("aria-label") ?? focused.textContent,
          section: focused.closest("section")?.querySelector("h2")?.textContent ?? "",
          outlined:
            (style.outlineStyle !== "none" && style.outlineWidth !== "0px") ||
            (shape !== null && view.getComputedStyle(shape).strokeWidth !== "1px"),
        };
      });
    await overview.locator('[role="treeitem"][tabindex="0"]').focus();
    const seen = [await active()];
    for (let steps = 0; steps < 80; steps++) {
      await session.page.keyboard.press("Tab");
      const at = await active();
      if (at.section === "") break;
      seen.push(at);
    }
    const sections = seen.map(({ section }) => section);
    assert.deepEqual([...new Set(sections)], ["Processes", "Memory", "Pipes and sockets"]);
    // One stop in the tree: arrows move in it.
    assert.equal(sections.filter((section) => section === "Processes").length, 1);
    const snapshot = await overview.locator("body").ariaSnapshot();
    const buttons = snapshot.match(/button "1 sample: /g)?.length ?? 0;
    assert.equal(seen.filter(({ name }) => name.startsWith("1 sample: ")).length, buttons);
    assert.ok(seen.some(({ name }) => /^pipe:\[\d+\], /.test(name)));
    assert.deepEqual(
      seen.filter(({ outlined }) => !outlined).map(({ name }) => name),
      [],
    );
  });

  it("leads by Enter from a cell of the memory map to that memory", async () => {
    const overview = await session.webview("#section-identity");
    await overview.getByRole("button", { name: /^1 sample: stack/ }).focus();
    await session.page.keyboard.press("Enter");
    await workbench
      .treeRows(session.page, "Checkpoint")
      .and(session.page.locator(".selected"))
      .filter({ hasText: "[stack]" })
      .waitFor();
  });
});
