// How a test lays hands on the workbench: by what a person, or a screen reader, would find there.
import { setTimeout as sleep } from "node:timers/promises";
import type { FrameLocator, Locator, Page } from "playwright-core";
import { SLOW_MS } from "./quick-input.ts";

export * from "./quick-input.ts";

/** What was clicked on and has done nothing after so long is clicked on again. */
const LOST_MS = 5_000;

/** Waits until the workbench can be used. */
export async function ready(page: Page): Promise<void> {
  await page.locator(".monaco-workbench .part.statusbar").waitFor({ timeout: SLOW_MS });
  await page.locator(".monaco-workbench .activitybar .action-item").first().waitFor({ timeout: SLOW_MS });
}

/** Waits until the extension is known: a file that is opened before is opened by another editor. */
export async function extensionKnown(page: Page): Promise<void> {
  await page.locator('.activitybar a.action-label[aria-label^="Cryoscope"]').waitFor({ timeout: SLOW_MS });
}

/** Shows a view container by the name on its icon in the activity bar. */
export async function openView(page: Page, name: string): Promise<void> {
  const icon = page.locator(`.activitybar .action-item:has(a.action-label[aria-label^="${name}"])`);
  await icon.waitFor();
  // A second click would hide it again.
  await until(
    () => icon.evaluate((item) => item.classList.contains("checked")),
    () => icon.locator("a.action-label").click(),
  );
}

/** Folds a view of the container in front, so that the others get its room. */
export function foldView(page: Page, view: string): Promise<void> {
  return expandView(page, view, false);
}

/** Opens a view of the container in front, or folds it. */
export async function expandView(page: Page, view: string, expanded = true): Promise<void> {
  const header = page.locator(`.pane-header[aria-label^="${view}"]`);
  await until(
    async () => (await header.getAttribute("aria-expanded")) === String(expanded),
    () => header.click(),
  );
}

/** Opens a row of a tree of VS Code's. */
export async function unfold(row: Locator): Promise<void> {
  await until(
    async () => (await row.getAttribute("aria-expanded")) === "true",
    () => row.click(),
  );
}

/** Clicks with the right button and chooses from the menu. */
export async function chooseFromMenu(page: Page, row: Locator, item: string | RegExp): Promise<void> {
  const found = page.getByRole("menuitem", { name: item, exact: true });
  let isChosen = false;
  await until(
    () => Promise.resolve(isChosen),
    async () => {
      if (!(await found.isVisible())) {
        // The menu of a window that has just come up may not know of extensions yet.
        await page.keyboard.press("Escape");
        await row.click({ button: "right", timeout: LOST_MS });
      }
      await found.hover({ timeout: LOST_MS });
      // A menu takes no click in its first moments, so that the one that opened it chooses nothing.
      await page.waitForTimeout(500);
      // One that closes by itself meanwhile, since something else took the focus, has nothing chosen.
      await found.click({ timeout: LOST_MS });
      await found.waitFor({ state: "hidden", timeout: LOST_MS });
      isChosen = true;
    },
  );
}

/** Does something until what should come of it is there; again only when it hasn't come for a while. */
export async function until(isSo: () => Promise<boolean>, act: () => Promise<void>): Promise<void> {
  let failure: unknown;
  for (const end = Date.now() + SLOW_MS; Date.now() < end;) {
    if (await isSo()) return;
    await act().catch((error: unknown) => (failure = error));
    for (const lost = Date.now() + LOST_MS; Date.now() < lost; await sleep(50)) if (await isSo()) return;
  }
  throw new Error(`Nothing came of it in ${String(SLOW_MS / 1000)} s.`, { cause: failure });
}

/** The rows of a tree view that are on screen (lists are virtual). aria-label is label and description, aria-level the depth. */
export function treeRows(page: Page, view: string): Locator {
  return page.locator(`.pane:has(.pane-header[aria-label^="${view}"]) .monaco-list-row[role="treeitem"]`);
}

/** The content of the webview that is in front. One that is behind another may be there for a moment longer. */
export function webview(page: Page): FrameLocator {
  const inFront = page.locator("iframe.webview.ready").filter({ visible: true }).last();
  return inFront.contentFrame().frameLocator("#active-frame");
}

/** Notifications that pop up at the corner. */
export function toasts(page: Page): Locator {
  return page.locator(".notifications-toasts .notification-list-item-message");
}

/** Tabs of open editors. */
export function tabs(page: Page): Locator {
  return page.locator(".tabs-container .tab");
}
