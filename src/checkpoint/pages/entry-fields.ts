// One pagemap_entry read straight from its bytes: a dump can have a million of them, and an object each is too much.

/** The fields of one entry, of whichever shape; filled again for each entry. */
export interface EntryFields {
  vaddr: number;
  /** Field 2: `nr_pages` before CRIU 4.2. */
  compatPages: number | undefined;
  inParent: boolean;
  flags: number | undefined;
  /** Field 5 where it is one number: `nr_pages` since CRIU 4.2. */
  pages: number | undefined;
  /** Sizes of compressed blocks; empty for plain pages. */
  readonly blockSizes: number[];
  /** 0: a page each. */
  pagesPerBlock: number;
  padded: boolean;
  isBroken: boolean;
}

export function emptyFields(): EntryFields {
  return {
    vaddr: 0,
    compatPages: undefined,
    inParent: false,
    flags: undefined,
    pages: undefined,
    blockSizes: [],
    pagesPerBlock: 0,
    padded: false,
    isBroken: false,
  };
}

/**
 * Reads the entry in `bytes`. Compressed pages are told apart by their fields (development versions of CRIU 4.3):
 * P0 has sizes in 5 and their sum as a number in 6; P1 has sizes in 6 (packed or not), their sum in 7, pages a block
 * in 8; P2 and P3 have a message in 6. `src/criu/shapes.ts` tells them apart by the same rules.
 */
export function readEntryFields(bytes: Uint8Array, into: EntryFields): void {
  reset(into);
  const reader = new FieldReader(bytes);
  const fives: number[] = [];
  const sixes: number[] = [];
  let six: Uint8Array | undefined;
  let seven: number | undefined;
  let eight: number | undefined;
  while (reader.next()) {
    const { number, value, chunk } = reader;
    if (number === 1) into.vaddr = value;
    else if (number === 2) into.compatPages = value;
    else if (number === 3) into.inParent = value !== 0;
    else if (number === 4) into.flags = value;
    else if (number === 5) {
      if (chunk) readPacked(chunk, fives);
      else fives.push(value);
    } else if (number === 6 && chunk) six = chunk;
    else if (number === 6) sixes.push(value);
    else if (number === 7) seven = value;
    else if (number === 8) eight = value;
  }
  into.isBroken = reader.isBroken;
  if (seven === undefined && eight === undefined && six === undefined && sixes.length === 1) {
    if ((into.compatPages ?? 0) > 0 && fives.length === into.compatPages) return takeSizes(into, fives, 0);
  }
  into.pages = fives.at(-1);
  if (seven !== undefined || eight !== undefined || sixes.length > 0) {
    if (six) readPacked(six, sixes);
    takeSizes(into, sixes, eight ?? 0);
  } else if (six && !readBlocks(six, into)) {
    readPacked(six, sixes);
    takeSizes(into, sixes, 0);
  }
}

function reset(fields: EntryFields): void {
  fields.vaddr = 0;
  fields.compatPages = undefined;
  fields.inParent = false;
  fields.flags = undefined;
  fields.pages = undefined;
  fields.blockSizes.length = 0;
  fields.pagesPerBlock = 0;
  fields.padded = false;
  fields.isBroken = false;
}

function takeSizes(into: EntryFields, sizes: readonly number[], pagesPerBlock: number): void {
  for (const size of sizes) into.blockSizes.push(size);
  into.pagesPerBlock = pagesPerBlock;
}

/** pagemap_blocks: sizes in 1, their sum in 2, pages a block in 3, padding in 4. False, and nothing read, when it is none. */
function readBlocks(bytes: Uint8Array, into: EntryFields): boolean {
  const reader = new FieldReader(bytes);
  let total: number | undefined;
  while (reader.next()) {
    const { number, value, chunk } = reader;
    if (number === 1 && chunk) readPacked(chunk, into.blockSizes);
    else if (number === 1) into.blockSizes.push(value);
    else if (number === 2) total = value;
    else if (number === 3) into.pagesPerBlock = value;
    else if (number === 4) into.padded = value !== 0;
  }
  if (!reader.isBroken && total !== undefined && into.pagesPerBlock > 0) return true;
  into.blockSizes.length = 0;
  into.pagesPerBlock = 0;
  into.padded = false;
  return false;
}

function readPacked(bytes: Uint8Array, into: number[]): void {
  const reader = new FieldReader(bytes);
  while (!reader.atEnd && !reader.isBroken) into.push(reader.varint());
}

/** Steps over the fields of a message. Numbers are exact up to 2^53, and beyond it for multiples of a page. */
class FieldReader {
  number = 0;
  value = 0;
  chunk: Uint8Array | undefined;
  isBroken = false;
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  next(): boolean {
    if (this.atEnd || this.isBroken) return false;
    const tag = this.varint();
    this.number = Math.floor(tag / 8);
    this.chunk = undefined;
    const wire = tag % 8;
    if (wire === 0) this.value = this.varint();
    else if (wire === 2) this.#take(this.varint());
    else if (wire === 1 || wire === 5) this.#take(wire === 1 ? 8 : 4);
    else this.isBroken = true;
    return !this.isBroken;
  }

  varint(): number {
    let value = 0;
    let scale = 1;
    for (let index = 0; index < 10; index++) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) break;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
    this.isBroken = true;
    return 0;
  }

  #take(length: number): void {
    const end = this.#at + length;
    if (end > this.#bytes.length) this.isBroken = true;
    else this.chunk = this.#bytes.subarray(this.#at, end);
    this.#at = end;
  }
}
