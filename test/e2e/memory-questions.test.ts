// What can be asked of memory, each by the palette and the lists that a person goes through.
import assert from "node:assert/strict";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Locator } from "playwright-core";
import { PROJECT, workbench } from "../host/index.ts";
import { Session } from "./session.ts";

/** What media/sample/sample.c has on its heap. */
const SENTENCE = "Cryoscope found this sentence";
const RULES = `rule Sentence { strings: $a = "${SENTENCE}" condition: $a }`;

describe("questions to memory, in a browser", function () {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "cryo-questions-"));
    await cp(join(PROJECT, "media/sample"), folder, { recursive: true });
    await writeFile(join(folder, "sentence.yar"), RULES);
  });
  after(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  async function open(yara: boolean): Promise<Session> {
    const session = await Session.open(folder, { yara });
    await workbench.openView(session.page, "Cryoscope");
    const processes = workbench.treeRows(session.page, "Checkpoint").filter({ hasText: "Processes" });
    await processes.waitFor();
    return session;
  }

  const choices = ({ page }: Session, text: string | RegExp): Locator => workbench.choices(page, text);
  const found = ({ page }: Session): Locator => workbench.treeRows(page, "Memory Matches");

  describe("with both packages installed", () => {
    let session: Session;
    before(async function () {
      this.timeout(300_000);
      session = await open(true);
    });
    after(async () => session.close());
    afterEach(async function () {
      if (this.currentTest?.state === "failed") await session.picture("failed-questions");
    });

    it("scans with YARA rules from the palette to a row of the view", async () => {
      const { page } = session;
      await workbench.runCommand(page, "Cryoscope: Scan Memory with YARA Rules", "YARA Rules");
      await workbench.chooseFile(page, "YARA Rules", join(folder, "sentence.yar"));
      const row = found(session).filter({ hasText: SENTENCE });
      await row.waitFor();
      assert.match((await row.getAttribute("aria-label")) ?? "", /Sentence \$a/);
      await session.pictures("memory-yara", async () => found(session).first().focus());
    });

    it("finds a number of a chosen width, only where the filters let it", async () => {
      const { page } = session;
      const search = async (number: string, width: string): Promise<void> => {
        await workbench.runCommand(page, "Cryoscope: Search Memory", "Search Memory of Checkpoint");
        await workbench.type(page, "Search Memory of Checkpoint", number);
        await choices(session, "Integer…").click();
        await choices(session, width).first().click();
      };
      // "Cryo" as a big-endian word, wherever it begins.
      await search("0x4372796f", "32 bits, big-endian");
      await choices(session, "Choose…").click();
      // The row that was clicked names protection, too.
      await choices(session, "Only changed pages").waitFor();
      await choices(session, "Protection").click();
      await workbench.answer(page, "Protection of the memory to search", "rw");
      await choices(session, "Kinds of mappings").click();
      await workbench.quickInput(page, "Kinds of mappings to search").waitFor();
      await choices(session, "stack").click();
      await session.picture("memory-filter-kinds");
      await page.getByRole("button", { name: "OK" }).click();
      await choices(session, "rw, stack").waitFor();
      await session.picture("memory-filter");
      await choices(session, "rw, stack").click();
      await page.getByText("Nothing found in the memory that is in the checkpoint").waitFor();
      await search("0x4372796f", "32 bits, big-endian");
      await choices(session, "Writable memory").click();
      await found(session).filter({ hasText: "Cryoscope found this" }).waitFor();
      // A byte has no order, and no number fits fewer bits than it has.
      await workbench.runCommand(page, "Cryoscope: Search Memory", "Search Memory of Checkpoint");
      await workbench.type(page, "Search Memory of Checkpoint", "-200");
      await choices(session, "Integer…").click();
      await choices(session, "16 bits, little-endian").first().waitFor();
      assert.equal(await choices(session, /^8 bits/).count(), 0);
      await page.keyboard.press("Escape");
    });

    it("lists strings of the length that is asked for", async () => {
      await workbench.runCommand(session.page, "Cryoscope: List Strings in Memory", "as strings(1) does");
      await choices(session, "as strings(1) does").click();
      await workbench.answer(session.page, "List Strings of Checkpoint: shortest", "60");
      await choices(session, "Heap and stacks").click();
      await session.page.getByText(/^\d+ strings$/).waitFor();
      const rows = await found(session).allTextContents();
      assert.ok(rows.length > 1);
      await session.pictures("memory-strings", async () => found(session).first().focus());
    });
  });

  it("says what to do when YARA isn't installed, before it asks for rules", async function () {
    this.timeout(300_000);
    const session = await open(false);
    try {
      await workbench.runCommand(session.page, "Cryoscope: Scan Memory with YARA Rules");
      const toast = workbench.toasts(session.page).filter({ hasText: "cryoscope-yara" });
      await toast.waitFor();
      await session.page.getByRole("button", { name: "Install from VSIX…" }).waitFor();
      // The palette fades; a question would stay.
      await workbench.quickInput(session.page).waitFor({ state: "hidden" });
    } finally {
      await session.close();
    }
  });
});
