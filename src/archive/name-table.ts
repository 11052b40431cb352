// The names of an archive, of which there may be a million: rows of numbers and one table of texts, no object for a name until
// somebody asks for it.
import { rows } from "./columns.ts";
import { hashOf, textTable } from "./text-table.ts";
import type { EntryKind } from "./tree.ts";

/** Row of the root. Others count up from it. */
export const ROOT = 0;
const NONE = -1;

const KINDS: readonly EntryKind[] = ["file", "folder", "link", "other"];

/** What is kept of a name besides where it stands. Numbers that are not known are NaN. */
export interface Facts {
  readonly kind: EntryKind;
  readonly mode: number;
  /** Milliseconds since 1970. */
  readonly mtime: number;
  /** Bytes of a file; of a link those of its target. */
  readonly size: number;
  /** Where the body lies; of a link, its target in the table of texts. */
  readonly body: number;
}

/** Rows by parent and name. */
export interface NameTable {
  readonly count: number;
  /** The row of that name in a folder, -1 when there is none. The name has passed `normaliseName`. */
  find(folder: number, name: string): number;
  /** A new row; the name must not be there yet. What is not known yet is NaN. */
  add(folder: number, name: string, kind: EntryKind): number;
  /** Says what is known of a row. A folder stays a folder. */
  set(row: number, kind: EntryKind, mode: number, mtime: number, size: number, body: number): void;
  facts(row: number): Facts;
  kind(row: number): EntryKind;
  name(row: number): string;
  /** The rows in a folder, in no order. */
  children(folder: number): Generator<number>;
  /** Keeps a text; gives where it is, and how many bytes it has. */
  putText(text: string): { readonly body: number; readonly size: number };
  text(body: number, size: number): string;
}

/** A part of a path has no more bytes; `normaliseName` sees to that. */
const MAX_NAME = 255;
/** Longest target of a link that is kept: a path of Linux has 4096 bytes. */
const MAX_TEXT = 16 * 1024;
const NO_MODE = 0xffff;

/** Rows by the hash of parent and name, open addressing; at most half full. */
interface Shard {
  slots: Int32Array;
  used: number;
}

/** The first bits of a hash choose a shard: none is so large that its growing holds others up. */
const SHARD_SHIFT = 26;
const SHARDS = 1 << (32 - SHARD_SHIFT);

const newShard = (): Shard => ({ slots: new Int32Array(16).fill(NONE), used: 0 });

export function nameTable(): NameTable {
  const texts = textTable();
  const { piece, at } = rows();
  const scratch = Buffer.alloc(MAX_NAME);
  let count = 0;
  const index = Array.from({ length: SHARDS }, newShard);

  /** Puts the UTF-8 bytes of a name into `scratch`; gives how many. Most are ASCII, for which a loop is quicker than a call. */
  function encode(name: string): number {
    const length = name.length;
    for (let index = 0; index < length; index++) {
      const code = name.charCodeAt(index);
      if (code > 127) return scratch.write(name, "utf8");
      scratch[index] = code;
    }
    return length;
  }

  /** The slot of the name in `scratch`: that of its row, or the free one where it would stand. */
  function slotOf({ slots }: Shard, hashed: number, folder: number, length: number): number {
    const mask = slots.length - 1;
    for (let slot = hashed & mask; ; slot = (slot + 1) & mask) {
      const row = slots[slot] ?? NONE;
      if (row === NONE) return slot;
      const there = piece(row);
      if (
        there.parent[at(row)] === folder &&
        there.nameLength[at(row)] === length &&
        texts.equals(there.nameAt[at(row)] ?? 0, scratch, length)
      )
        return slot;
    }
  }

  const shardOf = (hashed: number): Shard => index[hashed >>> SHARD_SHIFT] ?? newShard();

  function grow(shard: Shard): void {
    const larger = new Int32Array(shard.slots.length * 2).fill(NONE);
    const mask = larger.length - 1;
    for (const row of shard.slots) {
      if (row === NONE) continue;
      const there = piece(row);
      const length = there.nameLength[at(row)] ?? 0;
      let slot = texts.hash(there.nameAt[at(row)] ?? 0, length, there.parent[at(row)] ?? NONE) & mask;
      while (larger[slot] !== NONE) slot = (slot + 1) & mask;
      larger[slot] = row;
    }
    shard.slots = larger;
  }

  function set(row: number, kind: EntryKind, mode: number, mtime: number, size: number, body: number): void {
    const there = piece(row);
    const place = at(row);
    there.kind[place] = KINDS.indexOf(kind);
    there.mode[place] = Number.isNaN(mode) ? NO_MODE : mode;
    there.mtime[place] = mtime;
    there.size[place] = size;
    there.body[place] = body;
  }

  function add(folder: number, name: string, kind: EntryKind): number {
    const length = encode(name);
    const hashed = hashOf(scratch, 0, length, folder);
    const shard = shardOf(hashed);
    if (++shard.used * 2 > shard.slots.length) grow(shard);
    const row = count++;
    shard.slots[slotOf(shard, hashed, folder, length)] = row;
    const there = piece(row);
    there.nameAt[at(row)] = texts.put(scratch, length);
    there.nameLength[at(row)] = length;
    there.parent[at(row)] = folder;
    there.firstChild[at(row)] = NONE;
    there.nextSibling[at(row)] = NONE;
    if (folder !== NONE) {
      const parent = piece(folder);
      there.nextSibling[at(row)] = parent.firstChild[at(folder)] ?? NONE;
      parent.firstChild[at(folder)] = row;
    }
    set(row, kind, NaN, NaN, 0, NaN);
    return row;
  }

  const kindOf = (row: number): EntryKind => KINDS[piece(row).kind[at(row)] ?? 0] ?? "other";

  add(NONE, "", "folder");
  return {
    get count() {
      return count;
    },
    find(folder, name) {
      const length = encode(name);
      const hashed = hashOf(scratch, 0, length, folder);
      const shard = shardOf(hashed);
      return shard.slots[slotOf(shard, hashed, folder, length)] ?? NONE;
    },
    add,
    set,
    kind: kindOf,
    facts(row) {
      const there = piece(row);
      const place = at(row);
      const mode = there.mode[place] ?? NO_MODE;
      return {
        kind: kindOf(row),
        mode: mode === NO_MODE ? NaN : mode,
        mtime: there.mtime[place] ?? NaN,
        size: there.size[place] ?? 0,
        body: there.body[place] ?? NaN,
      };
    },
    name: (row) => texts.text(piece(row).nameAt[at(row)] ?? 0, piece(row).nameLength[at(row)] ?? 0),
    *children(folder) {
      for (let row = piece(folder).firstChild[at(folder)] ?? NONE; row !== NONE;) {
        yield row;
        row = piece(row).nextSibling[at(row)] ?? NONE;
      }
    },
    putText(text) {
      const bytes = Buffer.from(text.slice(0, MAX_TEXT), "utf8");
      return { body: texts.put(bytes, bytes.length), size: bytes.length };
    },
    text: (body, size) => texts.text(body, size),
  };
}
