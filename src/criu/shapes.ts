// Messages whose fields had other names and types under the same numbers while they were developed. A row here for each:
// which of the forms in `proto/` bytes are of, and which of them JSON is of.
import { WireReader } from "./wire-reader.ts";

/** What an image can't say of itself. */
export interface ShapeHint {
  /** `compress` of the layer's inventory.img (field 15). */
  readonly compress?: number | undefined;
}

interface Shapes {
  /** Name of the message that the bytes are. */
  ofBytes(bytes: Uint8Array, start: number, end: number, hint: ShapeHint): string;
  /** Name of the message that has these keys in crit's JSON. */
  ofKeys(has: (key: string) => boolean): string;
}

/** Pagemaps with compressed pages, as development versions of CRIU 4.3 wrote them one after the other. */
const PAGEMAP = {
  plain: "pagemap_entry",
  pageSizes: "pagemap_entry_with_page_sizes",
  sizes: "pagemap_entry_with_sizes",
  regions: "pagemap_entry_with_regions",
} as const;

const SHAPES: Readonly<Record<string, Shapes>> = {
  [PAGEMAP.plain]: {
    ofBytes: pagemapShape,
    ofKeys: (has) => {
      if (has("regions")) return PAGEMAP.regions;
      if (!["compressed_size", "total_compressed_size", "region_pages"].some(has)) return PAGEMAP.plain;
      // The prototype is older than the count in 64 bits.
      return has("compat_nr_pages") ? PAGEMAP.sizes : PAGEMAP.pageSizes;
    },
  },
};

/**
 * Key in the JSON of a message whose list has a tag for each element, though the version after it packs them: crit's JSON
 * doesn't tell, and crit leaves out keys that are no fields.
 */
export const UNPACKED = "unpacked";

/** The lists that there are images of in both ways. */
const IN_BOTH_WAYS: Readonly<Record<string, string>> = { [PAGEMAP.sizes]: "compressed_size" };

/** The field of a message, by its name, that may be unpacked. */
export function mayBeUnpacked(message: string): string | undefined {
  return Object.hasOwn(IN_BOTH_WAYS, message) ? IN_BOTH_WAYS[message] : undefined;
}

/** Whether a message has several forms, so that its bytes must be asked which. */
export function hasShapes(message: string): boolean {
  return Object.hasOwn(SHAPES, message);
}

/** Name of the message that the bytes `[start, end)` of an entry are, which the type of its image calls `message`. */
export function shapeOfBytes(
  message: string,
  bytes: Uint8Array,
  hint: ShapeHint = {},
  start = 0,
  end = bytes.length,
): string {
  return hasShapes(message) ? (SHAPES[message]?.ofBytes(bytes, start, end, hint) ?? message) : message;
}

/** Name of the message that crit's JSON with these keys is of. */
export function shapeOfKeys(message: string, has: (key: string) => boolean): string {
  return hasShapes(message) ? (SHAPES[message]?.ofKeys(has) ?? message) : message;
}

/** Fields up to this number are in every form of a pagemap_entry, and mean the same. */
const COMMON = 4;

/**
 * Which form a pagemap_entry has. The prototype has the pages' sizes in 5 and their sum in 6; then came sizes in 6
 * (packed or not), their sum in 7 and pages a region in 8; then a message in 6, first of regions, then of blocks. Those two
 * have the same numbers: only the inventory tells them apart, and a field that regions don't have. Both always have their
 * sum in 2 and pages a block in 3.
 */
function pagemapShape(bytes: Uint8Array, start: number, end: number, { compress }: ShapeHint): string {
  const reader = new WireReader(bytes);
  reader.position = start;
  let pages = 0;
  let fives = 0;
  let sixes = 0;
  let block: readonly [start: number, end: number] | undefined;
  let isLater = false;
  while (reader.position < end) {
    if (!reader.varint(end)) break;
    const number = reader.low >>> 3;
    const wireType = reader.low & 7;
    const at = skipValue(reader, wireType, end);
    if (at === undefined) break;
    if (number === 2) pages = reader.low;
    if (number <= COMMON) continue;
    if (number === 5) fives += wireType === 0 ? 1 : varints(bytes, at, reader.position);
    else if (number === 6 && wireType === 2) block = [at, reader.position];
    else if (number === 6) sixes += 1;
    else if (number === 7 || number === 8) isLater = true;
  }
  if (!isLater && !block && sixes === 1 && pages > 0 && fives === pages) return PAGEMAP.pageSizes;
  if (isLater || sixes > 0) return PAGEMAP.sizes;
  if (!block) return PAGEMAP.plain;
  const has = fieldsIn(bytes, block);
  if (!has.has(2) || !has.has(3)) return PAGEMAP.sizes;
  return compress === 2 && !has.has(4) ? PAGEMAP.regions : PAGEMAP.plain;
}

/** Steps over a value. Gives where it begins, behind a length word; undefined when it is none. A varint is left read. */
function skipValue(reader: WireReader, wireType: number, end: number): number | undefined {
  const at = reader.position;
  if (wireType === 0) return reader.varint(end) ? at : undefined;
  let length = wireType === 1 ? 8 : 4;
  if (wireType === 2) {
    if (!reader.varint(end)) return undefined;
    length = reader.high === 0 ? reader.low : Infinity;
  } else if (wireType !== 1 && wireType !== 5) return undefined;
  const start = reader.position;
  if (length > end - start) return undefined;
  reader.position = start + length;
  return start;
}

/** How many varints end in `[start, end)`. */
function varints(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at++) if ((bytes[at] ?? 0) < 0x80) count++;
  return count;
}

/** Numbers of the fields of a message of four at most; none when it is no message. */
function fieldsIn(bytes: Uint8Array, [start, end]: readonly [number, number]): ReadonlySet<number> {
  const reader = new WireReader(bytes);
  reader.position = start;
  const found = new Set<number>();
  while (reader.position < end) {
    if (!reader.varint(end) || reader.low >>> 3 > 4) return new Set();
    found.add(reader.low >>> 3);
    if (skipValue(reader, reader.low & 7, end) === undefined) return new Set();
  }
  return found;
}
