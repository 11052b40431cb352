// One VS Code with the packaged extension, and a browser that looks at it, for a file of tests.
import { existsSync } from "node:fs";
import { mkdir, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, FrameLocator, Page } from "playwright-core";
import { vsixFile } from "../../scripts/vsix.ts";
import { yaraVsixFile } from "../../scripts/yara-vsix.ts";
import { PROJECT, ensureHost, openBrowser, startServer, workbench } from "../host/index.ts";
import type { Server } from "../host/index.ts";

/** Themes that every picture is taken in: the title in the list of themes, and the class that the workbench then has. */
const THEMES = [
  { name: "dark", title: "Dark Modern", marker: "vs-dark" },
  { name: "light", title: "Light Modern", marker: "vs" },
  { name: "high-contrast", title: "Dark High Contrast", marker: "hc-black" },
] as const;

export class Session {
  readonly page: Page;
  readonly #server: Server;
  readonly #browser: Browser;

  private constructor(page: Page, server: Server, browser: Browser) {
    this.page = page;
    this.#server = server;
    this.#browser = browser;
  }

  /**
   * Opens the workbench on a folder, with the extension from `npm run package`, and with YARA's beside it when asked;
   * `prepare` is given the page before.
   */
  static async open(
    folder: string,
    { yara = false, prepare }: { yara?: boolean; prepare?: (page: Page) => Promise<unknown> } = {},
  ): Promise<Session> {
    const vsix = [await vsixFile(PROJECT), ...(yara ? [await yaraVsixFile(PROJECT)] : [])];
    if (!vsix.every((file) => existsSync(file)))
      throw new Error("There is no package to test: run `npm run package` first.");
    const host = await ensureHost();
    const server = await startServer(host, {
      vsix,
      settings: { "workbench.colorTheme": THEMES[0].title },
    });
    const browser = await openBrowser(host);
    const page = await browser.newPage({ viewport: { width: 1400, height: 900 }, reducedMotion: "reduce" });
    page.setDefaultTimeout(workbench.SLOW_MS);
    page.setDefaultNavigationTimeout(workbench.SLOW_MS);
    await slowDown(page);
    const session = new Session(page, server, browser);
    try {
      await prepare?.(page);
      await page.goto(server.url(folder));
      await workbench.ready(page);
      await workbench.extensionKnown(page);
      return session;
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  /** Leaves `test/e2e/screenshots/NAME-THEME.png` for each theme; `pose` puts the focus where it should be seen. */
  async pictures(name: string, pose: () => Promise<void>): Promise<void> {
    for (const theme of THEMES) {
      await workbench.setTheme(this.page, theme.title, theme.marker);
      await pose();
      await this.picture(`${name}-${theme.name}`);
    }
  }

  /** Leaves `test/e2e/screenshots/NAME.png`. */
  async picture(name: string): Promise<void> {
    const folder = join(PROJECT, "test/e2e/screenshots");
    await mkdir(folder, { recursive: true });
    // The title bar has no hover.
    await this.page.mouse.move(300, 12);
    // Themes reach a webview a moment later, and hovers and sashes fade.
    await this.page.waitForTimeout(500);
    await this.page.screenshot({ path: join(folder, `${name}.png`) });
  }

  /** The page of a webview: of those that are up, the one that has an element of the CSS selector. */
  async webview(selector: string): Promise<FrameLocator> {
    const frames = this.page.locator("iframe.webview.ready");
    for (const end = Date.now() + workbench.SLOW_MS; Date.now() < end;) {
      for (let index = 0; index < (await frames.count()); index++) {
        const view = frames.nth(index).contentFrame().frameLocator("#active-frame");
        if ((await view.locator(selector).count()) > 0) return view;
      }
      await this.page.waitForTimeout(100);
    }
    throw new Error(`No webview with ${selector} is up.`);
  }

  /** Waits until VS Code has kept an unsaved editor for the next start, at `since` (as `Date.now()`) or later. */
  async backedUp(since: number): Promise<void> {
    const folder = join(this.#server.home, "data/data/User/Backups");
    for (const end = Date.now() + workbench.SLOW_MS; Date.now() < end; await this.page.waitForTimeout(100)) {
      // Until there is something to keep there is no such folder.
      const names = await readdir(folder, { recursive: true }).catch(() => []);
      const found = await Promise.all(names.map((name) => stat(join(folder, name)).catch(() => undefined)));
      const isKept = found.some((each) => each?.isFile() === true && each.mtimeMs >= since);
      if (isKept && (await this.page.evaluate<boolean>(EDITORS_ARE_KEPT))) return;
    }
    throw new Error("No unsaved editor was kept for the next start.");
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.#server.stop();
  }
}

/**
 * In the browser: whether what VS Code will open anew knows of an unsaved editor's backup. In a browser that is written every
 * five seconds only; a window that is loaded anew before opens the file without its backup.
 */
const EDITORS_ARE_KEPT = `(async () => {
  const done = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  for (const { name } of await indexedDB.databases()) {
    if (!name.startsWith("vscode-web-state-db")) continue;
    const database = await done(indexedDB.open(name));
    try {
      if (!database.objectStoreNames.contains("ItemTable")) continue;
      const items = database.transaction("ItemTable").objectStore("ItemTable");
      const kept = await done(items.get("memento/workbench.parts.editor"));
      if (typeof kept === "string" && kept.includes("backupId")) return true;
    } finally {
      database.close();
    }
  }
  return false;
})()`;

/** With `CRYOSCOPE_SLOW=6` the browser has a sixth of its processor: to see what a slow machine would make of a test. */
async function slowDown(page: Page): Promise<void> {
  const rate = Number(process.env["CRYOSCOPE_SLOW"] ?? 1);
  if (rate <= 1) return;
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Emulation.setCPUThrottlingRate", { rate });
}

/**
 * Opens the sample before the tests of a `describe` and closes it after them; what is on the screen when one fails is left
 * as `failed-NAME.png`.
 */
export function openSample(name: string, opened: (session: Session) => void): void {
  let session: Session;
  before(async function () {
    // On a fresh machine VS Code and the browser are fetched first.
    this.timeout(300_000);
    session = await Session.open(join(PROJECT, "media/sample"));
    opened(session);
  });
  after(async () => {
    await session.close();
  });
  afterEach(async function () {
    if (this.currentTest?.state === "failed") await session.picture(`failed-${name}`);
  });
}
