import * as vscode from "vscode";
import { showSize } from "../../criu/index.ts";
import type { ByteQuery, ByteRange, HexAction } from "../../protocol/index.ts";
import { command, signalOf } from "../messages.ts";
import { BookmarkCommands } from "./bookmark-commands.ts";
import type { Bookmarks } from "./bookmarks.ts";
import { checksums } from "./checksums.ts";
import { COPY_FORMS } from "./copy-as.ts";
import type { CopyForm } from "./copy-as.ts";
import { imageEditorErrors } from "./errors.ts";
import type { OpenEditor } from "./open-editor.ts";
import { saveBytes } from "./save-selection.ts";
import { seekUnused } from "./seek.ts";

const COPY_LIMIT = 1 << 20;
/** Work shorter than this shows no progress: a window that comes and goes at once only startles. */
const QUIET_BYTES = 8 << 20;

type Report = (bytes: number) => void;

/** The commands on the bytes of the image editor that is in front. */
export function registerHexCommands(
  active: () => OpenEditor | undefined,
  bookmarks: Bookmarks,
): vscode.Disposable {
  const on = (name: string, run: (editor: OpenEditor) => Promise<unknown> | unknown): vscode.Disposable =>
    command(`cryoscope.hex.${name}`, () => {
      const editor = active();
      return editor && run(editor);
    });
  const actions = (["findNext", "findPrevious", "goTo", "toggleInspector", "toggleEntropy"] as const).map(
    (action) =>
      on(action, ({ tell }) => {
        tell("act", { do: action });
      }),
  );
  const copies = Object.entries(COPY_FORMS).map(([form, { title }]) =>
    on(`copyAs${title.replace(/ .*/, "")}`, (editor) => copyAs(editor, form as CopyForm)),
  );
  return vscode.Disposable.from(
    ...actions,
    ...copies,
    // A query may be given by a key binding of the person's own.
    command("cryoscope.hex.find", (query?: ByteQuery) => {
      const isQuery = typeof query === "object" && "kind" in query && typeof query.text === "string";
      const action: HexAction = isQuery ? { do: "find", query } : { do: "find" };
      active()?.tell("act", action);
    }),
    on("copyAs", chooseCopy),
    on("saveSelection", saveSelection),
    on("checksums", showChecksums),
    on("nextUnused", (editor) => goToUnused(editor, 1)),
    on("previousUnused", (editor) => goToUnused(editor, -1)),
    ...new BookmarkCommands(bookmarks).register(on),
  );
}

async function copyAs({ document, selection }: OpenEditor, form: CopyForm): Promise<void> {
  const range = selection();
  if (!range) return;
  if (range.end - range.start > COPY_LIMIT) throw imageEditorErrors.tooLongToCopy(showSize(COPY_LIMIT));
  const { plain } = (await document.tree()).image;
  const bytes = await plain.read(range.start, range.end - range.start);
  await vscode.env.clipboard.writeText(COPY_FORMS[form].text(bytes));
  void vscode.window.setStatusBarMessage(
    `Copied ${showSize(bytes.length)} as ${COPY_FORMS[form].title}.`,
    4000,
  );
}

async function chooseCopy(editor: OpenEditor): Promise<void> {
  const forms = Object.entries(COPY_FORMS).map(([form, { title }]) => ({
    label: title,
    form: form as CopyForm,
  }));
  const chosen = await vscode.window.showQuickPick(forms, { placeHolder: "Copy the selected bytes as …" });
  if (chosen) await copyAs(editor, chosen.form);
}

async function saveSelection({ uri, document, selection }: OpenEditor): Promise<void> {
  const range = selection();
  if (!range) return;
  const { image } = await document.tree();
  const name = `${image.name}.${range.start.toString(16)}-${range.end.toString(16)}.bin`;
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const target = await vscode.window.showSaveDialog({
    title: `Save ${showSize(range.end - range.start)}`,
    ...(folder && { defaultUri: vscode.Uri.joinPath(folder, name) }),
  });
  if (!target) return;
  if (target.scheme !== "file") throw imageEditorErrors.onlyFiles(target.toString());
  const evidence = uri.scheme === "file" ? uri.fsPath : undefined;
  await withProgress("Saving the selected bytes", range, (signal, done) =>
    saveBytes(image.plain, range, target.fsPath, evidence, signal, done),
  );
  void vscode.window.setStatusBarMessage(`Saved ${showSize(range.end - range.start)}.`, 4000);
}

async function showChecksums({ document, selection }: OpenEditor): Promise<void> {
  const range = selection();
  if (!range) return;
  const { plain } = (await document.tree()).image;
  const sums = await withProgress("Computing checksums", range, (signal, done) =>
    checksums(plain, range, signal, done),
  );
  const size = showSize(range.end - range.start);
  const chosen = await vscode.window.showQuickPick(
    sums.map(({ name, hex }) => ({ label: hex, description: name })),
    { title: `Checksums of ${size}`, placeHolder: "Choose one to copy it", matchOnDescription: true },
  );
  if (chosen) await vscode.env.clipboard.writeText(chosen.label);
}

async function goToUnused({ document, selection, select }: OpenEditor, direction: 1 | -1): Promise<void> {
  const tree = await document.tree();
  const { size } = tree.image.source;
  const from = selection()?.start ?? 0;
  // Most images are gone through at once; of a long one it is told how far it is.
  const seek = (signal?: AbortSignal, done?: Report) => seekUnused(tree, from, direction, signal, done);
  const found = await withProgress("Looking for unknown bytes", { start: 0, end: size }, seek);
  if (found) select({ start: found.start, end: found.end });
  else {
    const where = direction > 0 ? "after" : "before";
    void vscode.window.setStatusBarMessage(`No unknown or unused bytes ${where} the cursor.`, 4000);
  }
}

/** Runs work that can be cancelled, and shows how far it is when there is much of it. */
function withProgress<T>(
  title: string,
  { start, end }: ByteRange,
  work: (signal?: AbortSignal, done?: Report) => Promise<T>,
): Promise<T> {
  if (end - start < QUIET_BYTES) return work();
  const options = { title, cancellable: true, location: vscode.ProgressLocation.Notification };
  return Promise.resolve(
    vscode.window.withProgress(options, (progress, token) => {
      const part = 100 / (end - start);
      return work(signalOf(token), (bytes) => {
        progress.report({ increment: bytes * part });
      });
    }),
  );
}
