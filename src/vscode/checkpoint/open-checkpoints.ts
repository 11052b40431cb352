import * as vscode from "vscode";
import { openTree } from "../../archive/index.ts";
import { openCheckpoint } from "../../checkpoint/index.ts";
import type { Checkpoint, SealFor } from "../../checkpoint/index.ts";
import { explorerErrors } from "./errors.ts";
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
  /** Opens it when it isn't. Throws what opening throws. */
  load(signal?: AbortSignal): Promise<Checkpoint>;
}

/** The checkpoints that are open in this window, remembered in the workspace. */
export class OpenCheckpoints implements vscode.Disposable {
  readonly #entries = new Map<string, Entry>();
  readonly #changed = new vscode.EventEmitter<OpenCheckpoint | undefined>();
  /** Fires with the checkpoint that changed, or undefined when the list did. */
  readonly onDidChange = this.#changed.event;

  constructor(
    private readonly state: vscode.Memento,
    private readonly sealFor: SealFor,
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
    const entry = new Entry(checkpointId(source), source, this.sealFor, () => {
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

  constructor(
    readonly id: string,
    readonly source: vscode.Uri,
    private readonly sealFor: SealFor,
    private readonly onDidLoad: () => void,
  ) {}

  get checkpoint(): Checkpoint | undefined {
    return this.#checkpoint;
  }

  load(signal?: AbortSignal): Promise<Checkpoint> {
    this.#opening ??= this.#open(signal).catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async close(): Promise<void> {
    const opened = await this.#opening?.catch(() => undefined);
    await opened?.close();
  }

  async #open(signal: AbortSignal | undefined): Promise<Checkpoint> {
    const tree = await openTree(this.source.fsPath, { ...(signal && { signal }) });
    try {
      this.#checkpoint = await openCheckpoint(tree, { sealFor: this.sealFor, ...(signal && { signal }) });
    } catch (error) {
      await tree.close();
      throw error;
    }
    this.onDidLoad();
    return this.#checkpoint;
  }
}

function remembered(state: vscode.Memento): readonly vscode.Uri[] {
  const stored = state.get<unknown>(STATE);
  if (!Array.isArray(stored)) return [];
  return stored
    .filter((item): item is string => typeof item === "string")
    .map((item) => vscode.Uri.parse(item));
}
