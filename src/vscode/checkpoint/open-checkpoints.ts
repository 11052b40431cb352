import * as vscode from "vscode";
import { findCheckpoints, openFound } from "../../archive/index.ts";
import type { FileTree } from "../../archive/index.ts";
import { openCheckpoint } from "../../checkpoint/index.ts";
import type { Checkpoint } from "../../checkpoint/index.ts";
import { InTurn } from "../in-turn.ts";
import { wantsKey } from "../keys/index.ts";
import type { Keys, OnLock, Quiet } from "../keys/index.ts";
import { explorerErrors } from "./errors.ts";
import { SealCheck } from "./seal-check.ts";
import { checkpointId } from "./uris.ts";

/** Where the list of open checkpoints is kept over a reload of the window. */
const STATE = "cryoscope.openCheckpoints";

/** A checkpoint in the explorer. It is opened when first looked at, and again after a failure that no key mends. */
export interface OpenCheckpoint {
  readonly id: string;
  /** The folder or archive. */
  readonly source: vscode.Uri;
  /** The model once it is there. */
  readonly checkpoint: Checkpoint | undefined;
  /** The other checkpoints of the same archive or folder, a pod's containers, by the URIs that open them. */
  readonly others: readonly OtherCheckpoint[];
  /** Whether what is sealed in it is as it was dumped. */
  readonly sealCheck: SealCheck;
  /** The key that opened it was forgotten. It is closed, and opened again only when a person wants that. */
  readonly isLocked: boolean;
  /** Opens it when it isn't. Throws `explorer.locked`, and what opening throws: why a key was wanted until `unlock`. */
  load(signal?: AbortSignal): Promise<Checkpoint>;
  /** `load`, also when it is locked, or no key was given: then a person may be asked for one. */
  unlock(signal?: AbortSignal): Promise<Checkpoint>;
}

export interface OtherCheckpoint {
  readonly name: string;
  readonly source: vscode.Uri;
}

/** What opens archives and finds keys. */
export interface Opening {
  /**
   * The tree of an archive or folder, unsealed where it is sealed. `locked` is called before it is closed again. With `quiet`
   * nobody is asked for a key.
   */
  openTree(path: string, signal: AbortSignal | undefined, locked: OnLock, quiet?: Quiet): Promise<FileTree>;
  readonly sealFor: Keys["sealFor"];
}

/** The checkpoints that are open in this window, remembered in the workspace. */
export class OpenCheckpoints implements vscode.Disposable {
  readonly #entries = new Map<string, Entry>();
  readonly #changed = new vscode.EventEmitter<OpenCheckpoint | undefined>();
  /** Fires with the checkpoint that changed, or undefined when the list did. */
  readonly onDidChange = this.#changed.event;
  /** Ids: editors may still be open when a checkpoint was closed and is opened again. */
  readonly #wereLocked = new Set<string>();
  readonly #lockChanged = new vscode.EventEmitter<OpenCheckpoint>();
  /** Fires with a checkpoint whose key was forgotten: what is shown of it is to go. And when it is open again. */
  readonly onDidChangeLock = this.#lockChanged.event;

  constructor(
    private readonly state: vscode.Memento,
    private readonly opening: Opening,
  ) {
    for (const uri of remembered(state)) this.#add(uri);
  }

  get all(): readonly OpenCheckpoint[] {
    return [...this.#entries.values()];
  }

  get(id: string): OpenCheckpoint | undefined {
    return this.#entries.get(id);
  }

  /** Opens `source`, or gives the checkpoint that is open from it. A new one that can't be opened is forgotten. */
  async open(source: vscode.Uri, signal?: AbortSignal): Promise<OpenCheckpoint> {
    if (source.scheme !== "file") throw explorerErrors.notOnDisk(source.toString());
    const known = this.#entries.get(checkpointId(source));
    const entry = known ?? this.#add(source);
    try {
      await entry.unlock(signal);
    } catch (error) {
      if (known === undefined) this.#entries.delete(entry.id);
      throw error;
    }
    await this.#remember();
    return entry;
  }

  /**
   * Opens `source` for `use` alone, and closes it behind it; the list stays as it is. What is open already is used as it
   * is. Throws what opening and `use` throw.
   */
  async lookInto<T>(
    source: vscode.Uri,
    use: (checkpoint: Checkpoint) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const known = this.#entries.get(checkpointId(source));
    if (known !== undefined) return use(await known.unlock(signal));
    const entry = new Entry(checkpointId(source), source, this.opening, () => undefined);
    try {
      return await use(await entry.unlock(signal));
    } finally {
      await entry.close();
    }
  }

  /** Tries those again for which a key was wanted that the person didn't give: there is another one now. Nobody is asked. */
  async tryRefused(): Promise<void> {
    await Promise.all([...this.#entries.values()].map((entry) => entry.tryRefused()));
  }

  async close(id: string): Promise<void> {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    await this.#remember();
    await entry.close();
  }

  dispose(): void {
    for (const entry of this.#entries.values()) void entry.close();
    this.#entries.clear();
    this.#changed.dispose();
    this.#lockChanged.dispose();
  }

  #add(source: vscode.Uri): Entry {
    const entry = new Entry(checkpointId(source), source, this.opening, () => {
      const isOther = entry.isLocked ? this.#wereLocked.add(entry.id) : this.#wereLocked.delete(entry.id);
      if (isOther) this.#lockChanged.fire(entry);
      this.#changed.fire(entry);
    });
    this.#entries.set(entry.id, entry);
    return entry;
  }

  async #remember(): Promise<void> {
    this.#changed.fire(undefined);
    await this.state.update(
      STATE,
      [...this.#entries.values()].map((entry) => entry.source.toString()),
    );
  }
}

class Entry implements OpenCheckpoint {
  #opening: Promise<Checkpoint> | undefined;
  #checkpoint: Checkpoint | undefined;
  #trees: readonly FileTree[] = [];
  #isLocked = false;
  /** Why a key was wanted that the person didn't give: views must not ask for it again and again. */
  #refused: Error | undefined;
  /** Trying that again without asking: who opens it waits for its end, and is asked all the same. */
  readonly #trying = new InTurn();
  /** How often it was locked: what was being opened then is not shown. */
  #locks = 0;
  others: readonly OtherCheckpoint[] = [];
  sealCheck = new SealCheck();

  constructor(
    readonly id: string,
    readonly source: vscode.Uri,
    private readonly opening: Opening,
    /** It was loaded or locked. */
    private readonly onDidChange: () => void,
  ) {}

  get checkpoint(): Checkpoint | undefined {
    return this.#checkpoint;
  }

  get isLocked(): boolean {
    return this.#isLocked;
  }

  load(signal?: AbortSignal): Promise<Checkpoint> {
    if (this.#isLocked) return Promise.reject(explorerErrors.locked(this.source.fsPath));
    if (this.#refused !== undefined) return Promise.reject(this.#refused);
    return this.#load(signal);
  }

  /** Never throws. */
  tryRefused(): Promise<void> {
    return this.#trying.do(async () => {
      if (this.#refused === undefined || this.#isLocked) return;
      this.#refused = undefined;
      await this.#load(undefined, "quiet").catch(() => undefined);
    });
  }

  #load(signal?: AbortSignal, quiet?: Quiet): Promise<Checkpoint> {
    const locks = this.#locks;
    this.#opening ??= this.#open(signal, quiet).catch(async (error: unknown) => {
      if (locks !== this.#locks) throw explorerErrors.locked(this.source.fsPath);
      this.#opening = undefined;
      if (wantsKey(error)) this.#refused = error;
      await this.#closeTrees();
      throw error;
    });
    return this.#opening;
  }

  async unlock(signal?: AbortSignal): Promise<Checkpoint> {
    await this.#trying.ended;
    const wasLocked = this.#isLocked;
    this.#isLocked = false;
    this.#refused = undefined;
    try {
      return await this.load(signal);
    } catch (error) {
      this.#isLocked ||= wasLocked;
      throw error;
    }
  }

  async close(): Promise<void> {
    this.sealCheck.close();
    const opened = await this.#opening?.catch(() => undefined);
    await opened?.close();
    await this.#closeTrees();
  }

  /** Closes it until a person wants it again. */
  readonly #lock = async (): Promise<void> => {
    if (this.#isLocked) return;
    const checkpoint = this.#checkpoint;
    this.#locks++;
    this.#isLocked = true;
    this.#opening = this.#checkpoint = undefined;
    this.sealCheck.close();
    this.sealCheck = new SealCheck();
    this.onDidChange();
    await checkpoint?.close();
    await this.#closeTrees();
  };

  async #open(signal: AbortSignal | undefined, quiet: Quiet): Promise<Checkpoint> {
    const locks = this.#locks;
    const sealFor = this.sealCheck.watch((layer) => this.opening.sealFor(layer, this.#lock, quiet));
    const outer = await this.opening.openTree(this.source.fsPath, signal, this.#lock, quiet);
    if (locks !== this.#locks) throw explorerErrors.locked(this.source.fsPath);
    this.#trees = [outer];
    const tree = await this.#choose(outer, signal);
    const checkpoint = await openCheckpoint(tree, { sealFor, ...(signal && { signal }) });
    if (locks !== this.#locks) {
      await checkpoint.close();
      throw explorerErrors.locked(this.source.fsPath);
    }
    this.#checkpoint = checkpoint;
    // From now on the checkpoint closes its tree; what is around it stays ours.
    this.#trees = this.#trees.filter((each) => each !== tree);
    this.onDidChange();
    return checkpoint;
  }

  /** Of several checkpoints the one that the URI's fragment names, else the first. */
  async #choose(outer: FileTree, signal: AbortSignal | undefined): Promise<FileTree> {
    const found = await findCheckpoints(outer, signal);
    const one = found.find(({ path }) => path === this.source.fragment) ?? found[0];
    // None: what is to be said of it is said when it is opened.
    if (one === undefined || one.path === "") return outer;
    this.others = found
      .filter((each) => each !== one)
      .map(({ name, path }) => ({ name, source: this.source.with({ fragment: path }) }));
    const tree = await openFound(outer, one);
    this.#trees = [tree, outer];
    return tree;
  }

  async #closeTrees(): Promise<void> {
    const trees = this.#trees;
    this.#trees = [];
    for (const tree of trees) await tree.close();
  }
}

function remembered(state: vscode.Memento): readonly vscode.Uri[] {
  const stored = state.get<unknown>(STATE);
  if (!Array.isArray(stored)) return [];
  return stored
    .filter((item): item is string => typeof item === "string")
    .map((item) => vscode.Uri.parse(item));
}
