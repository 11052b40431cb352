// The image editor, as a test in a browser reads it and finds its way in it.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { FrameLocator, Locator } from "playwright-core";
import { PROJECT, workbench } from "../host/index.ts";
import type { Session } from "./session.ts";

/** The name of a process, in its core image. */
export const COMM = "entries[0].tc.comm";

/** Unpacks the corpus's simplest checkpoint into a folder: its images alone, or with what was said of them (`img/` is theirs). */
export function unpackSingle(folder: string, part: "images" | "all"): void {
  const archive = join(PROJECT, "test/fixtures/corpus/a-single.tar.gz");
  const what = part === "images" ? ["--strip-components=2", "a-single/img"] : ["--strip-components=1"];
  execFileSync("tar", ["-xzf", archive, "-C", folder, ...what]);
}

export class ImageEditor {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Its page. */
  get frame(): FrameLocator {
    return workbench.webview(this.#session.page);
  }

  get tree(): Locator {
    return this.frame.getByRole("tree", { name: "Fields" });
  }

  get grid(): Locator {
    return this.frame.getByRole("grid", { name: "Bytes" });
  }

  /** The row of a field. */
  row(path: string): Locator {
    return this.frame.locator(`[role="treeitem"][data-path="${path}"]`);
  }

  /** The same, while it is selected. */
  selected(path: string): Locator {
    return this.row(path).and(this.frame.locator('[aria-selected="true"]'));
  }

  /** Opens an image of the workspace. */
  async open(name: string): Promise<void> {
    const { page } = this.#session;
    await workbench.openFile(page, name);
    await workbench.tabs(page).and(page.locator(".active")).filter({ hasText: name }).waitFor();
    await this.shown();
  }

  /** Waits until there is something to work with. */
  async shown(): Promise<void> {
    await this.frame.locator('[role="treeitem"][aria-selected="true"]').waitFor();
  }

  /** Types an offset or a path into the box for it. */
  async enter(place: string): Promise<void> {
    const box = this.frame.locator("#go-to");
    await box.fill(place);
    await box.press("Enter");
  }

  /** Selects a field by typing its path. */
  async goTo(path: string): Promise<void> {
    await this.enter(path);
    await this.selected(path).waitFor();
  }

  /** Puts the cursor on a byte: `0x10`. */
  async goToOffset(offset: string): Promise<void> {
    await this.enter(offset);
    await this.at(offset);
  }

  /** Waits until the cursor is on a byte. */
  async at(offset: string): Promise<void> {
    const said = new RegExp(`${offset}\\b`, "i");
    await this.frame.locator("#status-range", { hasText: said }).waitFor();
  }
}
