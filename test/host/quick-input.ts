// VS Code's quick input on a machine of any speed: the palette, lists to choose from, boxes to type into, the browser's file
// dialog. All of them are one widget, and each takes the place of the one before: what comes too early goes into that one.
import type { Locator, Page } from "playwright-core";

/** What a machine that is busy with other things may take for one thing. Longer than any wait that isn't for something. */
export const SLOW_MS = 90_000;
/** After so long what was pressed is taken for lost, and is pressed again. */
const LOST_MS = 10_000;
/** As often a command is run again that asks nothing. */
const RUN_AGAIN = 3;

/** The widget, while it is open, that says these words: in its title, its message or its rows. */
export function quickInput(page: Page, words: string | RegExp = ""): Locator {
  return page.locator(".quick-input-widget:not([inert])").filter({ hasText: words, visible: true });
}

/** What is typed into it. */
export function quickInputBox(page: Page): Locator {
  return quickInput(page).locator(".quick-input-box input");
}

/** Its rows that are in sight and say these words. */
export function choices(page: Page, words: string | RegExp): Locator {
  return quickInput(page).locator(".quick-input-list .monaco-list-row").filter({ hasText: words });
}

/** Chooses the first row that says these words. */
export async function choose(page: Page, words: string | RegExp): Promise<void> {
  await choices(page, words).first().click();
}

/**
 * Runs a command by its title in the palette: "Category: Title", with or without the dots at its end. Of one that asks,
 * `question` is in the title of what it asks first, in its message or in its rows. It is run again when it hasn't asked for
 * long: a click may come to nothing on a machine that is busy.
 */
export async function runCommand(page: Page, title: string, question?: string | RegExp): Promise<void> {
  for (let tries = RUN_AGAIN; ; tries--) {
    await runInPalette(page, title);
    if (question === undefined) return;
    const asked = titled(page, question).or(choices(page, question)).first();
    const isAsked = asked.waitFor({ timeout: SLOW_MS / RUN_AGAIN });
    if (await isAsked.then(yes, no)) return;
    if (tries === 0) throw new Error(`${title} doesn't ask: ${String(question)}`);
  }
}

async function runInPalette(page: Page, title: string): Promise<void> {
  const whole = new RegExp(`^${title.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}(…|\\.\\.\\.)?$`);
  const label = page.locator(".quick-input-list-row .label-name", { hasText: whole });
  await search(page, "F1", `>${title}`, choices(page, "").filter({ has: label }));
}

/** Chooses a colour theme, as a person would; `marker` is the class that the workbench then has. */
export async function setTheme(page: Page, name: string, marker: string): Promise<void> {
  const done = page.locator(`.monaco-workbench.${marker}`);
  for (const end = Date.now() + SLOW_MS; ;)
    try {
      await runCommand(page, "Preferences: Color Theme");
      // The list is long and virtual: wait for some of it, then look for the one.
      await choices(page, "Dark").first().waitFor({ timeout: LOST_MS });
      await quickInputBox(page).fill(name, { timeout: LOST_MS });
      await choices(page, name).first().click({ timeout: LOST_MS });
      // What is only pointed at is shown, too, until the list closes.
      await quickInput(page).waitFor({ state: "hidden", timeout: LOST_MS });
      return await done.waitFor({ timeout: LOST_MS });
    } catch (error) {
      if (Date.now() > end) throw error;
    }
}

/** Opens a file of the workspace by its name. */
export async function openFile(page: Page, name: string): Promise<void> {
  await search(page, "Control+P", name, choices(page, name));
}

/** Waits for the question with these words in its title or below its box, and types into the box. */
export async function type(page: Page, question: string | RegExp, text: string): Promise<void> {
  await titled(page, question).waitFor();
  await quickInputBox(page).fill(text);
}

/** The same, and waits until the answer has been taken: the next question must not have these words. */
export async function answer(page: Page, question: string | RegExp, text: string): Promise<void> {
  await type(page, question, text);
  await pressUntilGone(quickInputBox(page), titled(page, question));
}

/**
 * Chooses a file in the browser's file dialog, which is a box for a path with a list below it. It looks into the folder
 * while one types, and Enter before it is done with that chooses nothing.
 */
export async function chooseFile(page: Page, title: string, path: string): Promise<void> {
  const asked = titled(page, title);
  await asked.waitFor();
  const box = quickInputBox(page);
  for (const end = Date.now() + SLOW_MS; (await box.inputValue()) !== path; await page.waitForTimeout(100)) {
    if (Date.now() > end) throw new Error(`The file dialog doesn't take ${path}.`);
    // It writes the folder that it begins in into the box when it knows it, over what was typed.
    await box.fill(path);
    await page.waitForTimeout(500);
  }
  await pressUntilGone(box, asked);
}

/** Waits until nothing is asked: a widget that is closing takes no keys. What stays is closed. */
export async function closeQuickInput(page: Page): Promise<void> {
  const open = page.locator(".quick-input-widget").filter({ visible: true });
  for (let tries = 0; tries < 5; tries++) {
    const isClosed = open.waitFor({ state: "hidden", timeout: LOST_MS / 5 });
    if (await isClosed.then(yes, no)) return;
    await page.keyboard.press("Escape");
  }
}

/** Opens the widget by a key, types, and clicks on the first of the rows; from the start when it closed or the rows don't come. */
async function search(page: Page, key: string, text: string, rows: Locator): Promise<void> {
  const box = quickInputBox(page);
  const attempt = async (): Promise<void> => {
    await closeQuickInput(page);
    await page.keyboard.press(key);
    await box.fill(text, { timeout: LOST_MS });
    await rows.first().click({ timeout: LOST_MS });
  };
  for (const end = Date.now() + SLOW_MS; ;)
    try {
      await attempt();
      break;
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  // Its own box is not to be taken for that of the question which follows.
  for (const end = Date.now() + SLOW_MS; Date.now() < end; await page.waitForTimeout(50)) {
    const isThere = await box.isVisible();
    if (!isThere || (await box.inputValue({ timeout: LOST_MS }).catch(() => "")) !== text) return;
  }
  throw new Error(`The quick input stays open with ${text}.`);
}

/** What is asked: the title, or the words below the box. */
function titled(page: Page, words: string | RegExp): Locator {
  const parts = page.locator(".quick-input-title, .quick-input-message");
  return parts.filter({ hasText: words, visible: true }).first();
}

async function pressUntilGone(box: Locator, asked: Locator): Promise<void> {
  for (const end = Date.now() + SLOW_MS; Date.now() < end;) {
    // It may go between two looks.
    await box.press("Enter", { timeout: LOST_MS }).catch(no);
    if (await asked.waitFor({ state: "hidden", timeout: LOST_MS / 2 }).then(yes, no)) return;
  }
  throw new Error("The quick input doesn't take the answer.");
}

const yes = (): boolean => true;
const no = (): boolean => false;
