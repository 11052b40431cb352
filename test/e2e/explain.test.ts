import assert from "node:assert/strict";
import { workbench } from "../host/index.ts";
import { openSample } from "./session.ts";
import type { Session } from "./session.ts";

describe("the walkthrough and the Explain view, in a browser", () => {
  let session: Session;
  openSample("explain", (opened) => (session = opened));

  it("leads from a step of the walkthrough to the bits of a number", async () => {
    const { page } = session;
    await workbench.openView(page, "Cryoscope");
    await workbench.treeRows(page, "Checkpoint").filter({ hasText: "Processes" }).waitFor();
    await workbench.runCommand(page, "Welcome: Open Walkthrough", "Read a frozen container");
    await workbench.choose(page, "Read a frozen container");
    await page.locator(".getting-started-step", { hasText: "Take a number apart" }).first().click();
    await session.picture("walkthrough");
    await page
      .locator(".getting-started-step .monaco-button", { hasText: "Explain a Varint" })
      .first()
      .click();

    const value = (await session.webview(".walk-button"))
      .getByRole("listitem")
      .filter({ hasText: "Value of vsec" });
    await value.waitFor();
    // alarm(1800) of the sample, frozen within its first second: 0x87 0x0e in the file.
    const rows = value.getByRole("row");
    const cells = await Promise.all([1, 2].map((row) => rows.nth(row).getByRole("cell").allTextContents()));
    assert.deepEqual(
      cells.map(([hex]) => Number.parseInt(hex ?? "", 16)),
      [0x87, 0x0e],
    );
    assert.equal(
      cells.reduce((sum, row) => sum + Number(row.at(-1)), 0),
      1799,
    );
    await session.pictures("explain", async () => {
      await value.waitFor();
    });
  });

  it("walks on from piece to piece by its buttons", async () => {
    const explain = await session.webview(".walk-button");
    await explain.getByRole("button", { name: "Next" }).click();
    await explain.getByRole("heading", { name: "Tag of vusec" }).waitFor();
    await explain.getByRole("button", { name: "Next" }).press("Enter");
    await explain.getByRole("heading", { name: "Value of vusec" }).waitFor();
    // What a screen reader says of it.
    await explain
      .getByRole("status")
      .filter({ hasText: "Value of vusec: 406613" })
      .waitFor({ state: "attached" });
    await explain.getByRole("button", { name: "Previous" }).click();
    await explain.locator('[aria-current="step"]', { hasText: "Tag of vusec" }).waitFor();
  });
});
