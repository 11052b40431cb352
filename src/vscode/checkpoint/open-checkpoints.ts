import * as vscode from "vscode";
import { findCheckpoints, openFound } from "../../archive/index.ts";
import type { FileTree } from "../../archive/index.ts";
import { openCheckpoint } from "../../checkpoint/index.ts";
import type { Checkpoint, SealedLayer } from "../../checkpoint/index.ts";
import type { LayerSeal } from "../../seal/index.ts";
import { explorerErrors } from "./errors.ts";
import { SealCheck } from "./seal-check.ts";
import { checkpointId } from "./uris.ts";

/** Where the list of open checkpoints is kept over a reload of the window. */
const STATE = "cryoscope.openCheckpoints";

/** A checkpoint in the explorer. It is opened when first looked at, and again after a failure. */
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
  /** Opens it when it isn't. Throws what opening throws. */
  load(signal?: AbortSignal): Promise<Checkpoint>;
}

export interface OtherCheckpoint {
  readonly name: string;
  readonly source: vscode.Uri;
}

/** What opens archives and finds keys. */
export interface Opening {
  /** The tree of an archive or folder, unsealed where it is sealed. */
  openTree(path: string, signal: AbortSignal | undefined): Promise<FileTree>;
  readonly sealFor: (layer: SealedLayer) => Promise<LayerSeal>;
}

/** The checkpoints that are open in this window, remembered in the workspace. */
export class OpenCheckpoints implements vscode.Disposable {
  readonly #entries = new Map<string, Entry>();
  readonly #changed = new vscode.EventEmitter<OpenCheckpoint | undefined>();
  /** Fires with the checkpoint that changed, or undefined when the list did. */
  readonly onDidChange = this.#changed.event;

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
      await entry.load(signal);
    } catch (error) {
      if (known === undefined) this.#entries.delete(entry.id);
      throw error;
    }
    await this.#remember();
    return entry;
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
  }

  #add(source: vscode.Uri): Entry {
    const entry = new Entry(checkpointId(source), source, this.opening, () => {
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
  others: readonly OtherCheckpoint[] = [];
  readonly sealCheck = new SealCheck();

  constructor(
    readonly id: string,
    readonly source: vscode.Uri,
    private readonly opening: Opening,
    private readonly onDidLoad: () => void,
  ) {}

  get checkpoint(): Checkpoint | undefined {
    return this.#checkpoint;
  }

  load(signal?: AbortSignal): Promise<Checkpoint> {
    this.#opening ??= this.#open(signal).catch(async (error: unknown) => {
      this.#opening = undefined;
      await this.#closeTrees();
      throw error;
    });
    return this.#opening;
  }

  async close(): Promise<void> {
    this.sealCheck.close();
    const opened = await this.#opening?.catch(() => undefined);
    await opened?.close();
    await this.#closeTrees();
  }

  async #open(signal: AbortSignal | undefined): Promise<Checkpoint> {
    const outer = await this.opening.openTree(this.source.fsPath, signal);
    this.#trees = [outer];
    const tree = await this.#choose(outer, signal);
    this.#checkpoint = await openCheckpoint(tree, {
      sealFor: this.sealCheck.watch(this.opening.sealFor),
      ...(signal && { signal }),
    });
    // From now on the checkpoint closes its tree; what is around it stays ours.
    this.#trees = this.#trees.filter((each) => each !== tree);
    this.onDidLoad();
    return this.#checkpoint;
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
