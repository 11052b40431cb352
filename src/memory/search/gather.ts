// Brings the bytes of a job together in a memory, from open files and from what came with the job.
import { readSync, readvSync } from "node:fs";
import { FROM, PIECE_COLUMNS } from "./messages.ts";
import type { Job } from "./messages.ts";

/** As many parts as one readv(2) takes. */
const MAX_PARTS = 1024;

interface Piece {
  readonly source: number;
  readonly offset: number;
  readonly length: number;
  /** In the window; from 0 on. */
  readonly at: number;
}

/**
 * Fills the begin of `memory` with the places `[from, to)` of a job, which its pieces cover; what nothing covers stays.
 * Windows of a job are asked for in order. What a file doesn't have (any more) reads as zero; that it is short was told when
 * it was opened.
 */
export class Gatherer {
  readonly #memory: Buffer;
  readonly #pieces: Job["pieces"];
  readonly #attached: Uint8Array;
  /** The first piece that later windows may need. */
  #row = 0;

  constructor(memory: Buffer, { pieces, attached }: Job) {
    this.#memory = memory;
    this.#pieces = pieces;
    this.#attached = attached ?? new Uint8Array(0);
  }

  fill(from: number, to: number): void {
    while (this.#row < this.#pieces.length && this.#endOf(this.#row) <= from) this.#row += PIECE_COLUMNS;
    for (let row = this.#row; row < this.#pieces.length;) {
      const piece = this.#within(row, from, to);
      if (piece === undefined) return;
      row = piece.source >= 0 ? this.#read(piece, row, from, to) : this.#copy(piece, row);
    }
  }

  #endOf(row: number): number {
    return (this.#pieces[row + 2] ?? 0) + (this.#pieces[row + 3] ?? 0);
  }

  /** The part of a piece that lies in a window; undefined when it begins behind it. */
  #within(row: number, from: number, to: number): Piece | undefined {
    // By index, not taken apart: there can be a hundred thousand.
    const pieces = this.#pieces;
    const place = pieces[row + 3] ?? 0;
    if (place >= to) return undefined;
    const start = Math.max(place, from);
    const end = Math.min(place + (pieces[row + 2] ?? 0), to);
    const offset = (pieces[row + 1] ?? 0) + start - place;
    return { source: pieces[row] ?? 0, offset, length: end - start, at: start - from };
  }

  #copy({ source, offset, length, at }: Piece, row: number): number {
    if (source === FROM.zeros) this.#memory.fill(0, at, at + length);
    else this.#memory.set(this.#attached.subarray(offset, offset + length), at);
    return row + PIECE_COLUMNS;
  }

  /**
   * Reads a piece and those that follow it in the same file, in one call; zeros may stand between. Gives the row behind
   * them.
   */
  #read(first: Piece, row: number, from: number, to: number): number {
    const parts: Uint8Array[] = [];
    let wanted = 0;
    let next = row;
    for (; next < this.#pieces.length && parts.length < MAX_PARTS; next += PIECE_COLUMNS) {
      const piece = this.#within(next, from, to);
      if (piece === undefined) break;
      const { source, offset, length, at } = piece;
      if (source === FROM.zeros) {
        this.#memory.fill(0, at, at + length);
        continue;
      }
      if (source !== first.source || offset !== first.offset + wanted) break;
      parts.push(this.#memory.subarray(at, at + length));
      wanted += length;
    }
    const got = parts.length === 1 ? 0 : readvSync(first.source, parts, first.offset);
    if (got < wanted) readRest(first.source, parts, first.offset, got);
    return next;
  }
}

function readRest(descriptor: number, parts: readonly Uint8Array[], start: number, skip: number): void {
  let at = 0;
  for (const part of parts) {
    let got = Math.min(part.length, Math.max(0, skip - at));
    while (got < part.length) {
      const read = readSync(descriptor, part, got, part.length - got, start + at + got);
      if (read === 0) break;
      got += read;
    }
    part.fill(0, got);
    at += part.length;
  }
}
