import { setImmediate } from "node:timers/promises";
import { CryoscopeError } from "../../../bytes/index.ts";
import { ARCHIVE, IMAGES } from "./checkpoint-places.ts";
import { below } from "./place.ts";
import type { Place } from "./place.ts";

/** Folders that are looked into, and how deep: more than a container's root file system has that anyone searches. */
const MAX_FOLDERS = 20_000;
const MAX_DEPTH = 40;
/** Bigger files are no text that people search. */
const MAX_FILE = 4 * 1024 * 1024;
/** Longest part of a line that is shown. */
const MAX_SHOWN = 300;

/** A line of a file in a checkpoint that has what was looked for. */
export interface FoundLine {
  /** Below the checkpoint's folder: `proc/1/environ`. */
  readonly path: string;
  /** From 0, both. */
  readonly line: number;
  readonly column: number;
  readonly text: string;
}

/**
 * The files of a checkpoint by path, folder by folder. Images and the archive as it is packed are left out, for they
 * hold the same once more; links to files are given, none is walked through. What can't be listed is passed over.
 */
export async function* filesIn(root: Place, signal: AbortSignal): AsyncGenerator<string> {
  const waiting = (await root.list(""))
    .map(({ name }) => name)
    .filter((name) => name !== IMAGES && name !== ARCHIVE);
  for (let visited = 0; waiting.length > 0 && visited < MAX_FOLDERS; visited++) {
    signal.throwIfAborted();
    const folder = waiting.shift() ?? "";
    const entries = await root.list(folder).catch(passOver(signal, []));
    const folders = entries.filter(({ kind }) => kind === "folder").map(({ name }) => below(folder, name));
    if (folder.split("/").length < MAX_DEPTH) waiting.unshift(...folders);
    for (const { name, kind } of entries) if (kind === "file" || kind === "link") yield below(folder, name);
  }
}

/** The lines with `wanted` in them, whatever the case unless `wanted` has capitals. NULs end lines too, as in `environ`. */
export async function* linesWith(
  root: Place,
  wanted: string,
  signal: AbortSignal,
): AsyncGenerator<FoundLine> {
  const ignoresCase = wanted === wanted.toLowerCase();
  const fold = (text: string): string => (ignoresCase ? text.toLowerCase() : text);
  if (wanted === "") return;
  for await (const path of filesIn(root, signal)) {
    const bytes = await root.read(path, MAX_FILE).catch(passOver(signal, new Uint8Array()));
    const text = new TextDecoder().decode(bytes);
    if (fold(text).includes(wanted)) yield* linesOf(path, text, (line) => fold(line).indexOf(wanted));
    // Files that are made at once would else follow each other without a pause.
    await setImmediate();
  }
}

function* linesOf(path: string, text: string, find: (line: string) => number): Generator<FoundLine> {
  // Editors know no NUL as the end of a line: there the whole of `environ` is one.
  for (const [number, line] of text.split("\n").entries()) {
    let start = 0;
    for (const part of line.split("\0")) {
      const column = find(part);
      if (column >= 0)
        yield {
          path,
          line: number,
          column: start + column,
          text: part.slice(Math.max(0, column - 100)).slice(0, MAX_SHOWN),
        };
      start += part.length + 1;
    }
  }
}

/** What one file or folder has against being read is no reason to stop; that the person cancelled is. */
function passOver<T>(signal: AbortSignal, nothing: T): (error: unknown) => T {
  return (error) => {
    signal.throwIfAborted();
    if (error instanceof CryoscopeError) return nothing;
    throw error;
  };
}
