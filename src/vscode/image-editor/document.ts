import type { CustomDocument, Disposable, Uri } from "vscode";
import { NO_EDITS, redoEdit, undoEdit, withEdit } from "../../criu/index.ts";
import type { Edit, EditLog } from "../../criu/index.ts";
import type { Handlers, ImageRpc } from "../../protocol/index.ts";
import { InTurn } from "../in-turn.ts";
import type { ResolveImage } from "../resolved.ts";
import type { Backup } from "./backup.ts";
import { isOfFile } from "./backup.ts";
import { labelOfEdit } from "./edit-words.ts";
import { imageEditorErrors } from "./errors.ts";
import { imageHandlers } from "./handlers.ts";
import { openBase, stateOf, whyKept } from "./image-state.ts";
import type { BaseImage, ImageState } from "./image-state.ts";
import { sameFile, sameStamp, stampOf } from "./stamp.ts";
import type { Stamp } from "./stamp.ts";
import type { ImageTree } from "./tree.ts";
import { writeImage } from "./write-image.ts";

export interface DocumentEvents {
  /** The image is another one now: edited, undone, read again. */
  changed(): void;
  /** A person made an edit; `label` says which. */
  edited(label: string): void;
  /** The key that opened it was forgotten. */
  locked(): void;
}

/** What to begin with instead of the file alone: edits that were not saved. */
export interface Restored {
  readonly backup: Backup;
  /** Opens the image that was kept whole, where edits alone could not be. */
  readonly whole: ResolveImage;
}

/**
 * One image behind one or more editors. It is opened when the first editor asks, and again after a failure. Edits are
 * always made on the file as it was opened, which stays open when it is saved: so they can be undone past that.
 */
export class ImageDocument implements CustomDocument {
  readonly uri: Uri;
  /** Answers to the requests of an editor on this document. */
  readonly handlers: Handlers<ImageRpc> = imageHandlers(this);
  readonly #resolve: ResolveImage;
  readonly #events: DocumentEvents;
  #restored: Restored | undefined;
  #opening: Promise<ImageState> | undefined;
  #base: BaseImage | undefined;
  /** The edits that are in the file on disk, and the stamp it had then. */
  #saved: EditLog = NO_EDITS;
  #savedStamp: Stamp | undefined;
  #stale: string | undefined;
  #restoredNote: string | undefined;
  /** What was opened is not the file but the image that was kept whole, until it is saved. */
  #isWhole = false;
  /** Grows when the file is read anew: what was done before can't be undone any more. */
  #generation = 0;
  /** One change after the other: each begins with what the one before has left. */
  readonly #changes = new InTurn();
  #isDisposed = false;
  /** The key that opened it was forgotten: it is opened again when a person wants it. */
  #isLocked = false;
  #mayAsk = false;
  readonly #owned: Disposable[] = [];

  constructor(
    uri: Uri,
    resolve: ResolveImage,
    events: DocumentEvents = { changed: () => undefined, edited: () => undefined, locked: () => undefined },
    restored?: Restored,
  ) {
    this.uri = uri;
    this.#resolve = resolve;
    this.#events = events;
    this.#restored = restored;
  }

  /** What goes with the document. */
  onDispose(owned: Disposable): void {
    this.#owned.push(owned);
  }

  /** No editor shows it any more. */
  get isDisposed(): boolean {
    return this.#isDisposed;
  }
  dispose(): void {
    this.#isDisposed = true;
    for (const owned of this.#owned) owned.dispose();
    void this.#close();
  }

  /** The image as it is now, opened when it wasn't yet. Throws `imageEditor.locked`, and what opening throws. */
  state(): Promise<ImageState> {
    if (this.#isLocked) return Promise.reject(imageEditorErrors.locked(this.uri.path));
    const opening = (this.#opening ??= this.#open().catch((error: unknown) => {
      if (this.#opening === opening) this.#opening = undefined;
      throw error;
    }));
    return opening;
  }

  /** The key that opened it was forgotten: nothing of it is kept or shown. What is sealed has no edits to lose. */
  lock(): void {
    if (this.#isLocked) return;
    this.#isLocked = true;
    this.#opening = undefined;
    this.#generation++;
    void this.#close();
    this.#events.locked();
  }

  /** Lets it be opened again, and a person be asked for a key. */
  unlock(): void {
    this.#mayAsk = true;
    if (!this.#isLocked) return;
    this.#isLocked = false;
    this.#events.changed();
  }

  async tree(): Promise<ImageTree> {
    return (await this.state()).tree;
  }

  /** Why the file is not the one that was opened, in a sentence. */
  get stale(): string | undefined {
    return this.#stale ?? this.#restoredNote;
  }

  get generation(): number {
    return this.#generation;
  }

  /** Whether there are edits that are not in the file. */
  async isDirty(): Promise<boolean> {
    const { log } = await this.state();
    return this.#isWhole || !sameEdits(log, this.#saved);
  }

  /** Makes an edit. Throws the errors of `editErrors`, and `imageEditor.readOnly`. */
  async edit(edit: Edit): Promise<void> {
    await this.#changes.do(async () => {
      const { base, log } = await this.state();
      if (base.readOnly !== undefined) throw imageEditorErrors.readOnly(base.image.name, base.readOnly);
      await this.#show(base, withEdit(log, edit));
    });
    this.#events.edited(labelOfEdit(edit));
  }

  /** Takes the last edit back; nothing when the file was read anew since `generation`. */
  undo(generation: number): Promise<void> {
    return this.#step(generation, undoEdit);
  }

  redo(generation: number): Promise<void> {
    return this.#step(generation, redoEdit);
  }

  /** Writes the image over its file. `overwrite`: also when the file is another one by now. */
  save(overwrite: boolean, signal?: AbortSignal): Promise<void> {
    return this.#changes.do(async () => {
      const state = await this.state();
      const path = this.uri.fsPath;
      const now = await stampOf(path);
      const isOther = !sameStamp(now, this.#savedStamp);
      // Edits take all else from the file as it was opened.
      if (isOther && sameFile(now, state.base.stamp)) throw imageEditorErrors.writtenMeanwhile(path);
      if (isOther && now && !overwrite) throw imageEditorErrors.changedOnDisk(path);
      await writeImage(path, state.pieces(), signal);
      this.#saved = state.log;
      this.#savedStamp = await stampOf(path);
      this.#isWhole = false;
      this.#stale = this.#restoredNote = undefined;
      this.#events.changed();
    });
  }

  /** Goes back to what is in the file. */
  revert(): Promise<void> {
    return this.#changes.do(async () => {
      const { base } = await this.state();
      const now = this.uri.scheme === "file" ? await stampOf(this.uri.fsPath) : undefined;
      const isSame = !this.#isWhole && sameStamp(now, this.#savedStamp);
      if (isSame) await this.#show(base, { edits: this.#saved.edits, undone: [] });
      else await this.#readAgain();
    });
  }

  /** The file may have changed on disk: reads it again when there is nothing to lose, and else says so. */
  checkFile(): Promise<void> {
    return this.#changes.do(async () => {
      if (this.uri.scheme !== "file" || !this.#opening || !this.#savedStamp) return;
      const now = await stampOf(this.uri.fsPath);
      const { log } = await this.state();
      const isSame = sameStamp(now, this.#savedStamp);
      if (!isSame && now && log.edits.length + log.undone.length === 0 && !this.#isWhole) {
        await this.#readAgain();
        return;
      }
      const before = this.#stale;
      this.#stale = isSame
        ? undefined
        : now
          ? "The file changed on disk since it was opened."
          : "The file is no longer on disk.";
      if (before !== this.#stale) this.#events.changed();
    });
  }

  /**
   * What has to be kept so that nothing is lost: the edits since the file was saved, or undefined when they can't be
   * made on the file as it is now, because saved ones were undone; then the whole image is to be kept.
   */
  async unsaved(): Promise<{
    readonly stamp: Stamp | undefined;
    readonly edits: readonly Edit[] | undefined;
  }> {
    const { log } = await this.state();
    const { edits } = this.#saved;
    const isLonger = edits.every((edit, at) => log.edits[at] === edit);
    return {
      stamp: this.#savedStamp,
      edits: isLonger && !this.#isWhole ? log.edits.slice(edits.length) : undefined,
    };
  }

  /** Reads the file again in the next turn of `state`. */
  async #readAgain(): Promise<void> {
    this.#generation++;
    this.#restored = undefined;
    this.#isWhole = false;
    this.#saved = NO_EDITS;
    this.#stale = this.#restoredNote = undefined;
    this.#opening = undefined;
    await this.state();
    this.#events.changed();
  }

  async #step(generation: number, step: (log: EditLog) => EditLog): Promise<void> {
    await this.#changes.do(async () => {
      if (generation !== this.#generation) return;
      const { base, log } = await this.state();
      await this.#show(base, step(log));
    });
  }

  async #show(base: BaseImage, log: EditLog): Promise<void> {
    const state = await stateOf(base, log);
    this.#opening = Promise.resolve(state);
    this.#events.changed();
  }

  async #open(): Promise<ImageState> {
    await this.#close();
    const isFile = this.uri.scheme === "file";
    const stamp = isFile ? await stampOf(this.uri.fsPath) : undefined;
    const { backup, whole } = this.#restored ?? {};
    this.#isWhole = backup !== undefined && backup.edits === undefined;
    const mayAsk = this.#mayAsk;
    this.#mayAsk = false;
    const resolved = await ((this.#isWhole && whole) || this.#resolve)(this.uri, {
      locked: this.#lockNow,
      unlock: mayAsk,
    });
    const base = await openBase(resolved, stamp, await whyKept(this.uri));
    this.#base = base;
    if (this.#isLocked) {
      await this.#close();
      throw imageEditorErrors.locked(this.uri.path);
    }
    this.#savedStamp = stamp;
    // Closed while it was being opened, perhaps while the person was asked for a key.
    if (this.#isDisposed) await this.#close();
    if (backup && !isOfFile(backup, stamp))
      this.#restoredNote = "The file changed on disk since these unsaved edits were made.";
    const state = await stateOf(base, { edits: backup?.edits ?? [], undone: [] });
    // What is read again is the file; what failed to open still has its edits at the next attempt.
    this.#restored = undefined;
    return state;
  }

  readonly #lockNow = (): void => {
    this.lock();
  };

  async #close(): Promise<void> {
    const source = this.#base?.resolved.source;
    this.#base = undefined;
    // Nothing can be done about a descriptor that doesn't close, and nothing is lost.
    await source?.close?.().catch(() => undefined);
  }
}

function sameEdits(a: EditLog, b: EditLog): boolean {
  return a.edits.length === b.edits.length && a.edits.every((edit, at) => edit === b.edits[at]);
}
