import { stat } from "node:fs/promises";
import * as vscode from "vscode";
import { addableFields } from "../../criu/index.ts";
import type { EditRequest, EditViewEvents } from "../../protocol/index.ts";
import { command, showError, signalOf } from "../messages.ts";
import { confirm } from "./asking.ts";
import { copyPieces, hasClearCopy } from "./copy-pieces.ts";
import { imageEditorErrors } from "./errors.ts";
import { messageOf } from "./nodes.ts";
import type { OpenEditor } from "./open-editor.ts";
import { actionsOf } from "./row-actions.ts";
import { pathOf } from "./row-context.ts";
import { writeTo } from "./saving.ts";
import type { OpenAt } from "./tree-commands.ts";

type Action = EditViewEvents["run"]["do"];

/** Runs an action on the row of a path in an editor; errors are shown to the person. */
export type RunAction = (editor: OpenEditor, action: Action, path: string) => void;

/** The commands that change the image in front, on the row of the context menu or on the selected one. */
export function registerEditCommands(
  active: () => OpenEditor | undefined,
  openAt: OpenAt,
): { readonly commands: vscode.Disposable; readonly run: RunAction } {
  const actions: Readonly<Record<Action, (editor: OpenEditor, path: string) => Promise<void>>> = {
    removeField: (editor, path) => change(editor, { do: "remove", path }),
    duplicateField: (editor, path) => change(editor, { do: "duplicate", path }),
    addField,
    editCopy: (editor) => editCopy(editor, openAt),
    reload,
  };
  const on = (name: string, run: (editor: OpenEditor, path: string) => Promise<void>): vscode.Disposable =>
    command(`cryoscope.image.${name}`, async (given?: unknown) => {
      const editor = active();
      if (editor) await run(editor, pathOf(given) ?? editor.selection()?.path ?? "");
    });
  const commands = vscode.Disposable.from(
    on("editField", async (editor, path) => {
      await checkWritable(editor);
      if (path !== "") editor.tell("editField", { path, isNew: false });
    }),
    ...Object.entries(actions).flatMap(([name, run]) => (name === "reload" ? [] : [on(name, run)])),
  );
  return {
    commands,
    run: (editor, action, path) => void actions[action](editor, path).catch(showError),
  };
}

/** Makes an edit and selects what came of it. */
async function change(editor: OpenEditor, request: EditRequest): Promise<void> {
  await checkWritable(editor);
  if (request.path === "") return;
  const { path } = await editor.document.handlers.edit(request);
  editor.select(path);
}

async function checkWritable({ document }: OpenEditor): Promise<void> {
  const { base } = await document.state();
  if (base.readOnly !== undefined) throw imageEditorErrors.readOnly(base.image.name, base.readOnly);
}

interface FieldItem extends vscode.QuickPickItem {
  readonly path: string;
  readonly isMessage: boolean;
}

/** Asks which field to add to the message of a row, or an entry; the view then asks for the value. */
async function addField(editor: OpenEditor, path: string): Promise<void> {
  await checkWritable(editor);
  const tree = await editor.document.tree();
  const node = (await tree.find(path))?.node;
  if (node?.kind === "list" && actionsOf(node, tree.image.type).includes("add")) {
    const isMessage = node.fields[0]?.schema?.kind === "message";
    await add(editor, { path: node.path, isMessage });
    return;
  }
  const message = node && (messageOf(node) ?? ("parent" in node ? node.parent : undefined));
  const above = node && messageOf(node) ? path : path.slice(0, Math.max(0, path.lastIndexOf(".")));
  const fields = message ? addableFields(message) : [];
  const items: (FieldItem | vscode.QuickPickItem)[] = fields
    .toSorted((a, b) => Number(b.rule === "required") - Number(a.rule === "required"))
    .map(({ name, type, rule, kind, doc }) => ({
      label: name,
      description: rule === "repeated" ? `${type}[]` : rule === "required" ? `${type}, required` : type,
      detail: doc,
      path: `${above}.${name}`,
      isMessage: kind === "message",
    }));
  items.push(
    { label: "Image", kind: vscode.QuickPickItemKind.Separator },
    { label: "New entry", description: "empty, behind the last one", path: "entries", isMessage: true },
  );
  const title = above === "" ? "Add" : `Add to ${above}`;
  const chosen = await vscode.window.showQuickPick(items, { title, matchOnDetail: true });
  if (chosen && "path" in chosen) await add(editor, chosen);
}

async function add(editor: OpenEditor, { path, isMessage }: Pick<FieldItem, "path" | "isMessage">) {
  if (isMessage) await change(editor, { do: "add", path, text: "" });
  else editor.tell("editField", { path, isNew: true });
}

/** Writes the image's bytes to a file of the person's own, and opens that. */
async function editCopy({ uri, document }: OpenEditor, openAt: OpenAt): Promise<void> {
  const { image } = (await document.state()).base;
  const detail = "Whoever can read the copy can read what the key protects.";
  if (hasClearCopy(image) && !(await confirm("The copy will not be sealed.", detail, "Copy in Clear")))
    return;
  const folder = uri.scheme === "file" ? vscode.Uri.joinPath(uri, "..") : firstFolder();
  const name = uri.scheme === "file" ? copyName(image.name) : image.name;
  const target = await vscode.window.showSaveDialog({
    title: `Edit a Copy of ${image.name}`,
    saveLabel: "Save Copy",
    ...(folder && { defaultUri: vscode.Uri.joinPath(folder, name) }),
  });
  if (!target) return;
  if (await isSame(uri, target)) throw imageEditorErrors.overEvidence(target.fsPath);
  const location = vscode.ProgressLocation.Window;
  await vscode.window.withProgress({ location, title: `Copying ${image.name}` }, (_progress, token) =>
    writeTo(target, copyPieces(image), signalOf(token)),
  );
  await openAt(target, "");
}

function firstFolder(): vscode.Uri | undefined {
  return vscode.workspace.workspaceFolders?.[0]?.uri;
}

/** `core-1.img` → `core-1-copy.img`: still an image by its name. */
function copyName(name: string): string {
  const dot = name.lastIndexOf(".");
  return dot > 0 ? `${name.slice(0, dot)}-copy${name.slice(dot)}` : `${name}-copy`;
}

async function isSame(one: vscode.Uri, other: vscode.Uri): Promise<boolean> {
  if (one.scheme !== "file" || other.scheme !== "file") return one.toString() === other.toString();
  const [a, b] = await Promise.all([one, other].map(({ fsPath }) => stat(fsPath).catch(() => undefined)));
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}

/** Reads the file again; what isn't saved is lost, so it is asked for. */
async function reload({ document }: OpenEditor): Promise<void> {
  if (!(await document.isDirty())) {
    await document.revert();
    return;
  }
  const isSure = await confirm("Read the file again?", "Edits that are not saved are lost.", "Read Again");
  // By VS Code's command, so that it knows that nothing is unsaved now.
  if (isSure) await vscode.commands.executeCommand("workbench.action.files.revert");
}
