// What the tests of the image editor share: a folder with a fixture in it, and editors that are waited for.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { commands, extensions, Uri } from "vscode";
import type { EditRequest, EditState } from "../../src/protocol/index.ts";
import type { TestApi } from "../../src/vscode/extension.ts";
import type { ImageEditorHandle } from "../../src/vscode/image-editor/index.ts";

export class Images {
  readonly api: TestApi;
  /** A folder of the test's own, with the fixture's `img/` and `crit/`. */
  readonly folder: string;
  /** Where the extension, and so its fixtures and its sample, lie. */
  readonly extension: string;

  private constructor(api: TestApi, folder: string, extension: string) {
    this.api = api;
    this.folder = folder;
    this.extension = extension;
  }

  /** Unpacks `test/fixtures/corpus/NAME.tar.gz`. */
  static async unpack(name: string): Promise<Images> {
    const extension = extensions.getExtension<TestApi>("cryoscope.cryoscope");
    assert.ok(extension);
    const api = await extension.activate();
    const folder = mkdtempSync(join(tmpdir(), "cryo-images-"));
    const archive = join(extension.extensionPath, `test/fixtures/corpus/${name}.tar.gz`);
    execFileSync("tar", ["-xzf", archive, "-C", folder, "--strip-components=1"]);
    return new Images(api, folder, extension.extensionPath);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The first image with this name. */
  file(pattern: RegExp): string {
    const name = readdirSync(join(this.folder, "img"))
      .toSorted()
      .find((each) => pattern.test(each));
    assert.ok(name, String(pattern));
    return join(this.folder, "img", name);
  }

  /** What crit prints of an image of the fixture. */
  crit<T>(name: string): readonly T[] {
    const text = readFileSync(join(this.folder, "crit", `${name}.json`), "utf8");
    return (JSON.parse(text) as { entries: readonly T[] }).entries;
  }

  /** Opens an image as a click in the file explorer does, or with `openWith` what it isn't the default for. */
  async open(target: string | Uri): Promise<ImageEditorHandle> {
    const uri = typeof target === "string" ? Uri.file(target) : target;
    await commands.executeCommand("vscode.openWith", uri, "cryoscope.image");
    return this.shown(uri);
  }

  /** The editor of an image, once it is in front and its view has selected something. */
  shown(uri: Uri): Promise<ImageEditorHandle> {
    return until(() => {
      const editor = this.api.imageEditor.active();
      return editor?.uri.toString() === uri.toString() && editor.selection() ? editor : undefined;
    }, `${uri.path} isn't shown`);
  }
}

/** Selects a row, as a click on it does. */
export async function select(editor: ImageEditorHandle, path: string): Promise<void> {
  editor.select(path);
  await selected(editor, path);
}

/** Waits until the row of a path is selected. */
export function selected(editor: ImageEditorHandle, path: string) {
  return until(() => {
    const selection = editor.selection();
    return selection?.path === path ? selection : undefined;
  }, `${path} isn't selected`);
}

/** Makes an edit as a person does in the view, and gives the path of the row that is selected then. */
export async function edit({ document }: ImageEditorHandle, request: EditRequest): Promise<string> {
  return (await document.handlers.edit(request)).path;
}

/** What may be changed and what was, as the view shows it. */
export async function editState({ document }: ImageEditorHandle): Promise<EditState> {
  return (await document.handlers.open({})).edit;
}

/** What `look` gives when it gives something; the first webview of a session may take seconds. */
export async function until<T>(
  look: () => T | undefined | Promise<T | undefined>,
  otherwise: string,
  most = 400,
): Promise<T> {
  for (let tries = 0; tries < most; tries++) {
    const seen = await look();
    if (seen !== undefined) return seen;
    await setTimeout(50);
  }
  throw new Error(otherwise);
}

export function closeAll(): Thenable<unknown> {
  return commands.executeCommand("workbench.action.closeAllEditors");
}
