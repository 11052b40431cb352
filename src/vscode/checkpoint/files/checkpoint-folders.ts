import type { Disposable } from "vscode";
import type { Checkpoint } from "../../../checkpoint/index.ts";
import { explorerErrors } from "../errors.ts";
import { checkpointPlaces } from "./checkpoint-places.ts";
import type { Place } from "./place.ts";

/** What the folders need of the list of open checkpoints. */
export interface OpenList {
  readonly all: readonly { readonly id: string }[];
  get(id: string): { readonly isLocked: boolean; load(): Promise<Checkpoint> } | undefined;
  onDidChange(listener: () => void): Disposable;
}

export interface CheckpointFolder {
  readonly place: Place;
  /** Milliseconds since 1970; 0 where unknown. The time of files that have none of their own. */
  readonly written: number;
}

/** The folders that open checkpoints are shown as. A folder lives from the first look into it until its checkpoint is closed or locked. */
export class CheckpointFolders implements Disposable {
  readonly #folders = new Map<string, Promise<CheckpointFolder>>();
  readonly #subscription: Disposable;

  /** `reopen` opens a checkpoint of which only the id is known, and gives false where it can't say which that is. */
  constructor(
    private readonly open: OpenList,
    private readonly reopen: (id: string) => Promise<boolean>,
  ) {
    this.#subscription = open.onDidChange(() => {
      for (const id of this.#folders.keys()) if (open.get(id)?.isLocked !== false) this.#drop(id);
    });
  }

  /** Throws `explorer.notOpen` for a checkpoint that was closed, and what opening throws. */
  async get(id: string): Promise<CheckpointFolder> {
    if (this.open.get(id) === undefined) await this.reopen(id);
    const entry = this.open.get(id);
    if (entry === undefined) throw explorerErrors.notOpen(id);
    let folder = this.#folders.get(id);
    if (folder === undefined) {
      folder = make(entry);
      this.#folders.set(id, folder);
      // Tried again at the next look.
      folder.catch(() => this.#folders.delete(id));
    }
    return folder;
  }

  dispose(): void {
    this.#subscription.dispose();
    for (const id of [...this.#folders.keys()]) this.#drop(id);
  }

  #drop(id: string): void {
    const folder = this.#folders.get(id);
    this.#folders.delete(id);
    void folder?.then(({ place }) => place.close()).catch(() => undefined);
  }
}

async function make(entry: { load(): Promise<Checkpoint> }): Promise<CheckpointFolder> {
  const checkpoint = await entry.load();
  return { place: await checkpointPlaces(checkpoint), written: checkpoint.criu.written ?? 0 };
}
