import * as vscode from "vscode";
import type { Snapshot } from "../../engine/index.ts";
import { toCryoscopeError } from "../../bytes/index.ts";

/**
 * The snapshots of this workspace (of all windows without one): a JSON file in the extension's storage, and beside it
 * the archives that engines export. Entries that can't be read are kept in the file and told in `problems`.
 */
export class Catalog {
  private readonly folder: vscode.Uri;
  private readonly file: vscode.Uri;
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;
  private readonly unreadable: unknown[] = [];
  private loaded: Promise<Snapshot[]> | undefined;
  /** One write after the other, so that two quick changes can't overtake each other. */
  private writing: Promise<void> = Promise.resolve();
  problems: readonly string[] = [];

  constructor(context: vscode.ExtensionContext) {
    this.folder = vscode.Uri.joinPath(context.storageUri ?? context.globalStorageUri, "snapshots");
    this.file = vscode.Uri.joinPath(this.folder, "catalog.json");
  }

  /** Newest first. */
  async list(): Promise<readonly Snapshot[]> {
    this.loaded ??= this.load();
    return [...(await this.loaded)].sort((a, b) => b.time.localeCompare(a.time));
  }

  async find(nameOrId: string): Promise<Snapshot | undefined> {
    const all = await this.list();
    return all.find((one) => one.id === nameOrId) ?? all.find((one) => one.name === nameOrId);
  }

  /** A path in the catalog's folder for the archive of a snapshot still to be made. */
  async archivePath(name: string): Promise<string> {
    await vscode.workspace.fs.createDirectory(this.folder);
    return vscode.Uri.joinPath(this.folder, `${name}-${Date.now().toString(36)}.tar`).fsPath;
  }

  async add(snapshot: Snapshot): Promise<void> {
    await this.change((all) => [...all.filter((one) => one.id !== snapshot.id), snapshot]);
  }

  /** Takes it out of the catalog and deletes its archive, when that lies in the catalog's folder. */
  async remove(snapshot: Snapshot): Promise<void> {
    await this.change((all) => all.filter((one) => one.id !== snapshot.id));
    if (snapshot.checkpoint.kind !== "archive") return;
    const archive = vscode.Uri.file(snapshot.checkpoint.path);
    if (archive.path.startsWith(`${this.folder.path}/`))
      await vscode.workspace.fs.delete(archive, { useTrash: false }).then(undefined, () => undefined);
  }

  private async change(edit: (all: Snapshot[]) => Snapshot[]): Promise<void> {
    await this.list();
    const all = edit((await this.loaded) ?? []);
    this.loaded = Promise.resolve(all);
    this.changed.fire();
    this.writing = this.writing.then(async () => {
      await vscode.workspace.fs.createDirectory(this.folder);
      const text = JSON.stringify([...all, ...this.unreadable], undefined, 2);
      await vscode.workspace.fs.writeFile(this.file, new TextEncoder().encode(text));
    });
    await this.writing;
  }

  private async load(): Promise<Snapshot[]> {
    const text = await vscode.workspace.fs.readFile(this.file).then(
      (bytes) => new TextDecoder().decode(bytes),
      () => "[]",
    );
    const problems: string[] = [];
    const all: Snapshot[] = [];
    const values = parseArray(text);
    if (!values) {
      // Set aside, not overwritten: somebody's snapshots are named in it.
      const aside = vscode.Uri.joinPath(this.folder, `catalog-broken-${Date.now().toString(36)}.json`);
      await vscode.workspace.fs.rename(this.file, aside);
      problems.push(`The catalog could not be read and was set aside as ${aside.fsPath}.`);
    }
    if (values === undefined || values.length === 0) return [];
    // Loaded no sooner than there is a snapshot to read.
    const { parseSnapshot } = await import("../../engine/index.ts");
    for (const value of values) {
      try {
        all.push(parseSnapshot(value));
      } catch (error) {
        this.unreadable.push(value);
        problems.push(toCryoscopeError(error).message);
      }
    }
    this.problems = problems;
    return all;
  }
}

function parseArray(text: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
