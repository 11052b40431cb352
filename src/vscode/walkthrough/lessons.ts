import * as vscode from "vscode";
import type { ShownExplanation } from "../../protocol/index.ts";
import type { Explainer } from "../explain/index.ts";
import type { ImageEditor, ImageEditorHandle } from "../image-editor/index.ts";

/** What a person does in an image, and the context key that a step of the walkthrough waits for (package.json). */
const BY_SELECTION: Readonly<Record<string, (image: string, path: string) => boolean>> = {
  "cryoscope.learned.files": (image) => image === "files.img" || image.startsWith("fdinfo-"),
  "cryoscope.learned.core": (image) => image.startsWith("core-"),
  "cryoscope.learned.field": (_image, path) => /^entries\[\d+\]\./.test(path),
  "cryoscope.learned.pages": (image) => image.startsWith("pagemap-"),
};

const BY_EXPLANATION: Readonly<Record<string, (shown: ShownExplanation) => boolean>> = {
  "cryoscope.learned.framing": ({ steps }) =>
    steps.some(({ kind, selected }) => selected && (kind === "magic" || kind === "size")),
  "cryoscope.learned.varint": ({ steps }) =>
    steps.some(({ kind, selected, tables }) => selected && kind === "value" && tables.length > 0),
};

/** Sets context keys for the steps of the walkthrough that a person has done, each once, however it was done. */
export class Lessons implements vscode.Disposable {
  readonly #done = new Set<string>();
  readonly #watching: readonly vscode.Disposable[];

  constructor(images: ImageEditor, explain: Explainer) {
    this.#watching = [
      images.onDidSelect(() => {
        const editor = images.active();
        if (editor) this.#selected(editor);
      }),
      explain.onDidShow((shown) => {
        this.#learn(BY_EXPLANATION, (isDone) => isDone(shown));
      }),
    ];
  }

  dispose(): void {
    for (const each of this.#watching) each.dispose();
  }

  #selected({ uri, selection }: ImageEditorHandle): void {
    const image = uri.path.slice(uri.path.lastIndexOf("/") + 1);
    const path = selection()?.path ?? "";
    this.#learn(BY_SELECTION, (isDone) => isDone(image, path));
  }

  #learn<T>(lessons: Readonly<Record<string, T>>, holds: (isDone: T) => boolean): void {
    for (const [key, isDone] of Object.entries(lessons)) {
      if (this.#done.has(key) || !holds(isDone)) continue;
      this.#done.add(key);
      void vscode.commands.executeCommand("setContext", key, true);
    }
  }
}
