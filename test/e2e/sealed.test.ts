// Sealed checkpoints in the browser: what is asked, the Seal row in all its verdicts, the key ring, and what is still
// known when the window has been loaded anew.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Locator } from "playwright-core";
import { workbench } from "../host/index.ts";
import { fixture } from "../unit/fixtures.ts";
import { Session } from "./session.ts";

const PASSPHRASE = "corpus-pass-1";

describe("sealed checkpoints, in a browser", () => {
  let session: Session;
  let folder: string;

  before(async function () {
    this.timeout(300_000);
    folder = await mkdtemp(join(tmpdir(), "cryo-sealed-"));
    const from = join(await fixture("sealed/simple-enc"), "enc");
    for (const name of ["whole", "changed", "punched"])
      await cp(from, join(folder, name), { recursive: true });
    await cp(join(await fixture("sealed/keys"), "key1.pkcs8.enc.pem"), join(folder, "protected.pem"));
    const pages = await readFile(join(from, "pages-1.img"));
    // One page punched out, as deduplication does it.
    await writeFile(join(folder, "punched/pages-1.img"), Buffer.from(pages).fill(0, 8192, 12_288));
    // One bit of memory, and one of a record.
    pages[5000] = (pages[5000] ?? 0) ^ 1;
    await writeFile(join(folder, "changed/pages-1.img"), pages);
    const files = await readFile(join(from, "files.img"));
    files[300] = (files[300] ?? 0) ^ 1;
    await writeFile(join(folder, "changed/files.img"), files);
    const half = randomBytes(32);
    session = await Session.open(folder, {
      // code-server keeps one half of the key of VS Code's secret storage, and the browser the other: its part is played
      // here, since VS Code runs without it.
      prepare: (page) =>
        page.route("**/mint-key", (route) =>
          route.fulfill({ body: half, contentType: "application/octet-stream" }),
        ),
    });
  });
  after(async () => {
    await session.close();
    await rm(folder, { recursive: true, force: true });
  });
  afterEach(async function () {
    if (this.currentTest?.state === "failed") await session.picture("failed-sealed");
  });

  const rows = (): Locator => workbench.treeRows(session.page, "Checkpoint");
  const question = (): Locator => workbench.quickInput(session.page);
  const input = (): Locator => workbench.quickInputBox(session.page);

  /** By the menu of the file explorer, as a person would. */
  async function open(name: string): Promise<void> {
    const { page } = session;
    await workbench.openView(page, "Explorer");
    const row = page.locator(".explorer-folders-view .monaco-list-row").filter({ hasText: name });
    await workbench.chooseFromMenu(page, row, /^Open Checkpoint/);
  }

  /** The verdict in the row of a checkpoint that is open, with what is below it. */
  async function verdict(name: string): Promise<Locator> {
    // What was opened comes to the front by itself.
    const header = session.page.locator('.pane-header[aria-label^="Checkpoint"]');
    await header.waitFor();
    for (const view of ["Containers", "Snapshots"]) await workbench.foldView(session.page, view);
    await workbench.expandView(session.page, "Checkpoint");
    const seal = rows().filter({ hasText: /^Seal/ });
    await seal.waitFor();
    await workbench.unfold(seal);
    const row = rows().filter({ hasText: new RegExp(`^${name}.*(verif|broken)`) });
    await row.waitFor();
    return row;
  }

  async function reload(): Promise<void> {
    const { page } = session;
    await page.reload();
    await workbench.ready(page);
    // The view that was in front comes back a moment later.
    await page.locator('.pane-header[aria-label^="Keys"]').waitFor();
  }

  async function closeCheckpoint(): Promise<void> {
    await rows().first().hover();
    await rows().first().getByRole("button", { name: /Close/ }).click();
    await rows().filter({ hasText: /^Seal/ }).waitFor({ state: "detached" });
  }

  it("are asked for their key once, with what is needed, and for its passphrase", async () => {
    const { page } = session;
    await open("whole");
    await question().filter({ hasText: "sealed for an RSA key of 2048 bits" }).waitFor();
    await session.picture("seal-question");
    await workbench.choose(page, "Choose a key file");
    await workbench.chooseFile(page, "Choose a key file", join(folder, "protected.pem"));
    await workbench.type(page, "Passphrase of protected.pem", "not this one");
    await input().press("Enter");
    await question().filter({ hasText: "does not open the key" }).waitFor();
    assert.equal(await input().getAttribute("type"), "password");
    await workbench.answer(page, /^Passphrase of protected\.pem/, PASSPHRASE);
    await workbench.choose(page, /^Remember/);
    const row = await verdict("whole");
    assert.match((await row.getAttribute("aria-label")) ?? "", /verified/);
    await row.click();
    await session.pictures("seal-verified", async () => {
      await row.focus();
    });
  });

  it("that were changed are named, file and entry, and the person is told", async () => {
    await closeCheckpoint();
    await open("changed");
    await workbench.toasts(session.page).filter({ hasText: "not as it was sealed" }).waitFor();
    const row = await verdict("changed");
    assert.match((await row.getAttribute("aria-label")) ?? "", /broken: not as it was dumped/);
    await row.click();
    await rows()
      .filter({ hasText: /files\.img, entry \d+/ })
      .waitFor();
    await rows().filter({ hasText: "their digest is another one" }).waitFor();
    await session.pictures("seal-broken", async () => {
      await row.focus();
    });
  });

  it("that can't be verified say why", async () => {
    await closeCheckpoint();
    await open("punched");
    const row = await verdict("punched");
    assert.match((await row.getAttribute("aria-label")) ?? "", /not verifiable/);
    await row.click();
    await rows().filter({ hasText: "1 page was punched out" }).waitFor();
    await session.pictures("seal-not-verifiable", async () => {
      await row.focus();
    });
  });

  it("are listed below the key that opened them", async () => {
    const { page } = session;
    const keys = workbench.treeRows(page, "Keys");
    await workbench.expandView(page, "Keys");
    await workbench.foldView(page, "Checkpoint");
    await keys.first().waitFor();
    await keys.first().click();
    await keys.filter({ hasText: /RSA private key, 2048 bits, SHA-256/ }).waitFor();
    for (const name of ["whole", "changed", "punched"])
      await keys.filter({ hasText: `opened ${name}` }).waitFor();
    await session.pictures("key-ring", async () => {
      await keys.first().focus();
    });
  });

  it("open without a question when the window has been loaded anew: the passphrase is in the secret storage", async () => {
    const { page } = session;
    await reload();
    // Its file is remembered, and nothing of it was read yet.
    await workbench
      .treeRows(page, "Keys")
      .filter({ hasText: "protected.pem" })
      .filter({ hasText: "not loaded yet" })
      .waitFor();
    await open("whole");
    const row = await verdict("whole");
    assert.match((await row.getAttribute("aria-label")) ?? "", /verified/);
    assert.equal(await question().isVisible(), false);
  });

  it("ask again when all keys are forgotten, also after another restart", async () => {
    const { page } = session;
    await closeCheckpoint();
    await workbench.runCommand(page, "Cryoscope: Forget All Keys");
    await workbench.toasts(page).filter({ hasText: "forgotten" }).first().waitFor();
    await workbench
      .treeRows(page, "Keys")
      .filter({ hasText: "protected.pem" })
      .waitFor({ state: "detached" });
    await reload();
    await open("whole");
    await question().filter({ hasText: "sealed for an RSA key of 2048 bits" }).waitFor();
    await page.keyboard.press("Escape");
  });
});
