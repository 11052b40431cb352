import * as vscode from "vscode";
import {
  findDefinition,
  findPages,
  findReferences,
  hexText,
  isDefinition,
  referenceText,
  showMessage,
} from "../../criu/index.ts";
import type { FoundReference, Place, Reference } from "../../criu/index.ts";
import type { ByteRange, TreeAction } from "../../protocol/index.ts";
import { command, signalOf } from "../messages.ts";
import type { ResolveImage } from "../resolved.ts";
import { imageEditorErrors } from "./errors.ts";
import { hasPages, subjectOf } from "./links.ts";
import type { OpenEditor } from "./open-editor.ts";
import { pathOf } from "./row-context.ts";
import { rowJson } from "./row-json.ts";
import { fullValue } from "./rows.ts";
import { siblings, siblingUri } from "./siblings.ts";
import type { Found } from "./tree.ts";

const COPY_LIMIT = 1 << 20;
/** References that are listed; more can't be chosen from. */
const MAX_REFERENCES = 2000;

/** Opens an image at a row, or at bytes; at its top for "". */
export type OpenAt = (uri: vscode.Uri, target: string | ByteRange) => Promise<void>;

/** The commands on the selected row of the image editor that is in front. */
export function registerTreeCommands(
  active: () => OpenEditor | undefined,
  resolve: ResolveImage,
  openAt: OpenAt,
): vscode.Disposable {
  /** Runs on the row of the context menu, which gives its path, or on the selected one. */
  const onRow = (
    name: string,
    run: (editor: OpenEditor, row: Found) => Promise<unknown>,
  ): vscode.Disposable =>
    command(`cryoscope.tree.${name}`, async (given?: unknown) => {
      const editor = active();
      const path = pathOf(given) ?? editor?.selection()?.path ?? "";
      const row = editor && path !== "" ? await (await editor.document.tree()).find(path) : undefined;
      return editor && row && run(editor, row);
    });
  const actions = (["filter", "expandAll", "collapseAll"] as const).map((action: TreeAction) =>
    command(`cryoscope.tree.${action}`, () => active()?.tell("tree", action)),
  );
  return vscode.Disposable.from(
    ...actions,
    onRow("goToDefinition", (editor, row) => goToDefinition(editor, row, resolve, openAt)),
    onRow("findReferences", (editor, row) => listReferences(editor, row, resolve, openAt)),
    onRow("copyPath", (_editor, { node }) => copy(node.path, "path")),
    onRow("copyValue", async ({ document }, { node }) =>
      copy(await fullValue((await document.tree()).image, node, COPY_LIMIT), "value"),
    ),
    onRow("copyJson", async ({ document }, { node }) =>
      copy(await rowJson((await document.tree()).image, node), "JSON"),
    ),
    onRow("copyBytes", async ({ document }, { node: { span } }) => {
      if (span.end - span.start > COPY_LIMIT) throw imageEditorErrors.tooLongToCopy("1 MiB");
      const { plain } = (await document.tree()).image;
      const bytes = await plain.read(span.start, span.end - span.start);
      await copy(hexText(bytes, Number.MAX_SAFE_INTEGER), "bytes");
    }),
  );
}

/** Goes to what the row of a path refers to. */
export async function follow(
  editor: OpenEditor,
  path: string,
  resolve: ResolveImage,
  openAt: OpenAt,
): Promise<void> {
  const row = await (await editor.document.tree()).find(path);
  if (row) await goToDefinition(editor, row, resolve, openAt);
}

async function goToDefinition(
  { uri, document }: OpenEditor,
  { node }: Found,
  resolve: ResolveImage,
  openAt: OpenAt,
): Promise<void> {
  const { image } = await document.tree();
  const reference = subjectOf(image, node);
  const isPages = hasPages(image, node);
  if (!reference && !isPages) {
    void vscode.window.setStatusBarMessage("This row refers to nothing else.", 4000);
    return;
  }
  const images = await siblings(uri, resolve);
  const pages = isPages ? await findPages(image, node.path, images) : undefined;
  if (pages) {
    await openAt(siblingUri(uri, pages.file), { start: pages.start, end: pages.end });
    return;
  }
  if (!reference) {
    void vscode.window.setStatusBarMessage("Its pages are not in a pages file beside this image.", 6000);
    return;
  }
  const title = `Looking for ${referenceText(reference)}`;
  const location = vscode.ProgressLocation.Window;
  const place = await vscode.window.withProgress({ location, title }, (_progress, token) =>
    findDefinition(reference, images, { file: image.name, path: node.path }, { signal: signalOf(token) }),
  );
  if (place) await openAt(siblingUri(uri, place.file), place.path);
  else void vscode.window.setStatusBarMessage(nowhere(reference, node.path), 6000);
}

/** Said, not shown as an error: a checkpoint needs not have all that its numbers name. */
function nowhere(reference: Reference, path: string): string {
  return `The images beside this one don't have ${referenceText(reference)} anywhere else (${path}).`;
}

interface ReferenceItem extends vscode.QuickPickItem {
  readonly place: Place;
}

/** Lists who refers to the row's thing, while they are being found; closing the list stops the search. */
async function listReferences(
  { uri, document }: OpenEditor,
  { node }: Found,
  resolve: ResolveImage,
  openAt: OpenAt,
): Promise<void> {
  const reference = subjectOf((await document.tree()).image, node);
  if (!reference) {
    void vscode.window.setStatusBarMessage("Nothing refers to this row.", 4000);
    return;
  }
  const images = await siblings(uri, resolve);
  const stop = new AbortController();
  const list = vscode.window.createQuickPick<ReferenceItem>();
  const title = `References to ${referenceText(reference)}`;
  list.title = title;
  list.placeholder = "Choose one to go there";
  list.matchOnDescription = true;
  list.matchOnDetail = true;
  list.busy = true;
  list.onDidHide(() => {
    stop.abort();
    list.dispose();
  });
  list.onDidAccept(() => {
    const [chosen] = list.selectedItems;
    list.hide();
    if (chosen) void openAt(siblingUri(uri, chosen.place.file), chosen.place.path);
  });
  list.show();
  const items: ReferenceItem[] = [];
  const failed: string[] = [];
  const options = {
    signal: stop.signal,
    progress: (done: number, of: number) => {
      list.title = done < of ? `${title} · ${String(done)} of ${String(of)} images` : title;
      list.items = items;
    },
    failed: (file: string) => {
      failed.push(file);
    },
  };
  try {
    for await (const found of findReferences(reference, images, options)) {
      items.push(itemOf(found));
      if (items.length === MAX_REFERENCES) break;
    }
  } catch (error) {
    if (stop.signal.aborted) return;
    list.hide();
    throw error;
  }
  list.items = items;
  list.busy = false;
  list.title = [
    items.length === MAX_REFERENCES ? `${title}, the first ${String(MAX_REFERENCES)}` : title,
    ...(failed.length > 0 ? [`can't be read: ${failed.join(", ")}`] : []),
  ].join(" · ");
  list.placeholder = items.length === 0 ? "Nothing else in these images refers to it" : list.placeholder;
}

function itemOf({ file, path, entry, parent, field }: FoundReference): ReferenceItem {
  const detail = showMessage(parent === entry ? entry : parent, 120);
  const description = isDefinition(field, parent) ? `${file} · defined here` : file;
  return { label: path, description, detail, place: { file, path } };
}

async function copy(text: string, what: string): Promise<void> {
  if (text.length > COPY_LIMIT * 3) throw imageEditorErrors.tooLongToCopy("3 MiB");
  await vscode.env.clipboard.writeText(text);
  void vscode.window.setStatusBarMessage(`Copied the ${what}.`, 4000);
}
