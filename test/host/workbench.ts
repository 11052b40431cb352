// How a test lays hands on the workbench: by what a person, or a screen reader, would find there.
import type { FrameLocator, Locator, Page } from "playwright-core";

const SLOW_MS = 30_000;

/** Waits until the workbench can be used. */
export async function ready(page: Page): Promise<void> {
  await page.locator(".monaco-workbench .part.statusbar").waitFor({ timeout: SLOW_MS });
  await page.locator(".monaco-workbench .activitybar .action-item").first().waitFor({ timeout: SLOW_MS });
}

/** Runs a command by its title in the palette: "Category: Title". */
export async function runCommand(page: Page, title: string): Promise<void> {
  await page.keyboard.press("F1");
  const input = page.locator(".quick-input-widget .quick-input-filter input");
  await input.waitFor();
  await input.fill(`>${title}`);
  const label = page.locator(".quick-input-list-row .label-name", { hasText: title });
  await page.locator(".quick-input-list .monaco-list-row").filter({ has: label }).first().click();
}

/** Changes the colour theme, as a person would. */
export async function setTheme(page: Page, name: string): Promise<void> {
  await runCommand(page, "Preferences: Color Theme");
  const input = page.locator(".quick-input-widget .quick-input-filter input");
  // The list is long and virtual: wait for some of it, then look for the one.
  await page.locator(".quick-input-list .monaco-list-row", { hasText: "Dark" }).first().waitFor();
  await input.fill(name);
  await page.locator(".quick-input-list .monaco-list-row", { hasText: name }).first().click();
  await page.locator(".quick-input-widget").waitFor({ state: "hidden" });
}

/** Shows a view container by the name on its icon in the activity bar. */
export async function openView(page: Page, name: string): Promise<void> {
  const icon = page.locator(`.activitybar .action-item:has(a.action-label[aria-label^="${name}"])`);
  await icon.waitFor({ timeout: SLOW_MS });
  const isOpen = await icon.evaluate((item) => item.classList.contains("checked"));
  // A second click would hide it again.
  if (!isOpen) await icon.locator("a.action-label").click();
}

/** Folds a view of the container in front, so that the others get its room. */
export async function foldView(page: Page, view: string): Promise<void> {
  const header = page.locator(`.pane-header[aria-label^="${view}"]`);
  if ((await header.getAttribute("aria-expanded")) === "true") await header.click();
}

/** The rows of a tree view that are on screen (lists are virtual). aria-label is label and description, aria-level the depth. */
export function treeRows(page: Page, view: string): Locator {
  return page.locator(`.pane:has(.pane-header[aria-label^="${view}"]) .monaco-list-row[role="treeitem"]`);
}

/** The content of the webview that is in front. */
export function webview(page: Page): FrameLocator {
  return page.frameLocator("iframe.webview.ready").frameLocator("#active-frame");
}

/** Notifications that pop up at the corner. */
export function toasts(page: Page): Locator {
  return page.locator(".notifications-toasts .notification-list-item-message");
}

/** Tabs of open editors. */
export function tabs(page: Page): Locator {
  return page.locator(".tabs-container .tab");
}
