import { join } from "node:path";
import * as vscode from "vscode";
import type { CatalogContent, Snapshot } from "../../engine/index.ts";

/** What a person may change of a snapshot. */
export type SnapshotEdit = Partial<Pick<Snapshot, "name" | "note" | "tags" | "pinned">>;
/** What is found out about its files. */
export type SnapshotFacts = Partial<Pick<Snapshot, "size" | "sha256" | "sealed" | "checkpoint">>;

/**
 * The snapshots of this workspace (of all windows without one): a JSON file in the extension's storage, and beside it
 * the archives and folders that engines write. Entries that can't be read are kept in the file and told in `problems`.
 */
export class Catalog {
  readonly folder: string;
  private readonly uri: vscode.Uri;
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;
  private loaded: Promise<CatalogContent> | undefined;
  /** Windows without a workspace have one catalog together: what another of them wrote is read each time. */
  private readonly isShared: boolean;
  private isSwept = false;
  /** One write after the other, so that two quick changes can't overtake each other. */
  private writing: Promise<void> = Promise.resolve();
  /** Where each container is: the snapshot that it was last frozen as or woken from. */
  private readonly heads: vscode.Memento;
  problems: readonly string[] = [];

  constructor(context: vscode.ExtensionContext) {
    this.isShared = context.storageUri === undefined;
    this.uri = vscode.Uri.joinPath(context.storageUri ?? context.globalStorageUri, "snapshots");
    this.folder = this.uri.fsPath;
    this.heads = context.workspaceState;
    if (this.isShared) context.subscriptions.push(this.changed, this.watch());
  }

  /** Newest first. */
  async list(): Promise<readonly Snapshot[]> {
    const { snapshots } = await this.content();
    return [...snapshots].sort((a, b) => b.time.localeCompare(a.time));
  }

  async find(nameOrId: string): Promise<Snapshot | undefined> {
    const all = await this.list();
    return all.find((one) => one.id === nameOrId) ?? all.find((one) => one.name === nameOrId);
  }

  /** A path in the catalog's folder for the archive of a snapshot still to be made. */
  archivePath(name: string): Promise<string> {
    return this.path(name, ".tar");
  }

  /** The same for a folder. */
  folderPath(name: string): Promise<string> {
    return this.path(name, "");
  }

  /** Adds a snapshot; its parent is what its container was last frozen as or woken from. */
  async add(snapshot: Snapshot): Promise<Snapshot> {
    const key = headKey(snapshot);
    const parent = this.heads.get<string>(key);
    // Added again: it was sealed meanwhile, and isn't its own parent.
    const known = (await this.list()).find((one) => one.id === snapshot.id);
    const added =
      known !== undefined
        ? { ...snapshot, ...(known.parent !== undefined && { parent: known.parent }) }
        : parent === undefined || snapshot.imported === true
          ? snapshot
          : { ...snapshot, parent };
    await this.change((all) => [...all.filter((one) => one.id !== added.id), added]);
    if (snapshot.imported !== true) await this.heads.update(key, added.id);
    return added;
  }

  /** What a container was last frozen as or woken from. */
  async head(endpoint: string, container: string): Promise<Snapshot | undefined> {
    const id = this.heads.get<string>(`head ${endpoint} ${container}`);
    return id === undefined ? undefined : this.find(id);
  }

  /** What its container does from now on comes after this snapshot. */
  async woken(snapshot: Snapshot): Promise<void> {
    await this.heads.update(headKey(snapshot), snapshot.id);
  }

  async edit(id: string, edit: SnapshotEdit & SnapshotFacts): Promise<void> {
    await this.change((all) => all.map((one) => (one.id === id ? { ...one, ...edit } : one)));
  }

  /** Takes it out of the catalog and deletes its files, when they lie in the catalog's folder. */
  async remove(snapshot: Snapshot): Promise<void> {
    await this.change((all) => all.filter((one) => one.id !== snapshot.id));
    const { removeFiles } = await import("../../engine/index.ts");
    await removeFiles(this.folder, snapshot);
  }

  private async path(name: string, ending: string): Promise<string> {
    await vscode.workspace.fs.createDirectory(this.uri);
    return join(this.folder, `${name}-${Date.now().toString(36)}${ending}`);
  }

  private async change(edit: (all: readonly Snapshot[]) => readonly Snapshot[]): Promise<void> {
    const written = this.writing.then(async () => {
      const content = await this.content();
      const now = { ...content, snapshots: edit(content.snapshots) };
      const { writeCatalog } = await import("../../engine/index.ts");
      await writeCatalog(this.folder, now);
      this.loaded = Promise.resolve(now);
    });
    // One that failed (a full disk) doesn't keep the next from being tried.
    this.writing = written.catch(() => undefined);
    await written;
    this.changed.fire();
  }

  private content(): Promise<CatalogContent> {
    if (this.isShared) return this.load();
    this.loaded ??= this.load();
    return this.loaded;
  }

  /** The engines' code is loaded no sooner than there is a snapshot to read. */
  private async load(): Promise<CatalogContent> {
    const there = await vscode.workspace.fs.stat(this.uri).then(
      () => true,
      () => false,
    );
    if (!there) return { snapshots: [], unreadable: [], problems: [] };
    const { readCatalog, sweepDrafts } = await import("../../engine/index.ts");
    // A window that ended while it wrote may have left halves. Where others may be writing now, only what is old is one.
    if (!this.isSwept) await sweepDrafts(this.folder, this.isShared ? { unchangedFor: DAY } : {});
    this.isSwept = true;
    const content = await readCatalog(this.folder, { setAside: true });
    this.problems = content.problems;
    return content;
  }

  /** Tells when another window has changed the catalog. */
  private watch(): vscode.Disposable {
    const watcher = vscode.workspace.createFileSystemWatcher(
      new vscode.RelativePattern(this.uri, "catalog.json"),
    );
    const told = (): void => {
      this.changed.fire();
    };
    return vscode.Disposable.from(watcher, watcher.onDidChange(told), watcher.onDidCreate(told));
  }
}

const DAY = 24 * 60 * 60 * 1000;

const headKey = ({ engine, container }: Snapshot): string => `head ${engine.endpoint} ${container.id}`;
