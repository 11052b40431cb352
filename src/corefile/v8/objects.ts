import type { ExactMemory } from "../exact-memory.ts";
import type { V8Layout } from "./layout.ts";

/** Reads objects of V8 by the layout that it tells. A reference is an address with a tag, as it lies in memory. */
export interface V8Objects {
  /** A word of an object. */
  field(object: bigint, offset: number): Promise<bigint | undefined>;
  /** The kind of an object, of its map; undefined for what is no reference. */
  type(word: bigint | undefined): Promise<number | undefined>;
  /** The number that a word holds; undefined for a reference. */
  small(word: bigint | undefined): number | undefined;
  /** How long a text is, in units of UTF-16. */
  textLength(object: bigint): Promise<number | undefined>;
  /** The beginning of a text; undefined for what is none, or is kept outside of the engine. */
  text(word: bigint | undefined, limit?: number): Promise<string | undefined>;
  /** What an array of bytes has. */
  bytes(array: bigint): Promise<Buffer | undefined>;
}

const [TAG, TAG_MASK] = [1n, 3n];
/** Beyond any name. */
const MAX_NAME = 4096;
const MAX_BYTES = 4 * 1024 * 1024;
/** Parts of a text that was put together. */
const MAX_PARTS = 4096;

export function v8Objects(memory: ExactMemory, layout: V8Layout): V8Objects {
  const { text: of, array } = layout;

  const isReference = (word: bigint): boolean => (word & TAG_MASK) === TAG;
  const field = (object: bigint, offset: number): Promise<bigint | undefined> =>
    memory.word(object - TAG + BigInt(offset));

  function small(word: bigint | undefined): number | undefined {
    // A small number has nothing in its lower half.
    if (word === undefined || (word & 0xffff_ffffn) !== 0n) return undefined;
    return Number(BigInt.asIntN(32, word >> 32n));
  }

  async function type(word: bigint | undefined): Promise<number | undefined> {
    if (word === undefined || !isReference(word)) return undefined;
    const map = await field(word, 0);
    if (map === undefined || !isReference(map)) return undefined;
    return (await memory.bytes(map - TAG + BigInt(layout.mapType), 2))?.readUInt16LE();
  }

  async function textLength(object: bigint): Promise<number | undefined> {
    const length = await memory.u32(object - TAG + BigInt(of.length));
    return length === undefined ? undefined : length | 0;
  }

  /** Units `[from, to)` of a text. `left` counts its parts. */
  async function part(
    word: bigint | undefined,
    from: number,
    to: number,
    left: { parts: number },
  ): Promise<string | undefined> {
    const kind = await type(word);
    if (word === undefined || kind === undefined || (kind & of.notText & 0xffff) !== 0 || --left.parts < 0)
      return undefined;
    const length = (await textLength(word)) ?? -1;
    if (from < 0 || from > to || to > length) return undefined;
    const form = kind & of.representation;
    if (form === of.kinds.flat) {
      const width = (kind & of.oneByte) === 0 ? 2 : 1;
      const at = word - TAG + BigInt(of.letters + from * width);
      const content = await memory.bytes(at, (to - from) * width);
      return content?.toString(width === 1 ? "latin1" : "utf16le");
    }
    if (form === of.kinds.moved) return part(await field(word, of.actual), from, to, left);
    if (form === of.kinds.part) {
      const offset = small(await field(word, of.offset));
      return offset === undefined
        ? undefined
        : part(await field(word, of.parent), offset + from, offset + to, left);
    }
    if (form !== of.kinds.joined) return undefined;
    const first = await field(word, of.first);
    const middle = (first === undefined ? undefined : await textLength(first)) ?? -1;
    if (middle < 0) return undefined;
    const head = from < middle ? await part(first, from, Math.min(to, middle), left) : "";
    if (head === undefined || to <= middle) return head;
    const tail = await part(await field(word, of.second), Math.max(0, from - middle), to - middle, left);
    return tail === undefined ? undefined : head + tail;
  }

  return {
    field,
    type,
    small,
    textLength,
    async text(word, limit = MAX_NAME) {
      const length = word === undefined || !isReference(word) ? undefined : await textLength(word);
      if (length === undefined || length < 0) return undefined;
      return part(word, 0, Math.min(length, limit), { parts: MAX_PARTS });
    },
    async bytes(object) {
      const length = small(await field(object, array.length));
      if (length === undefined || length < 0 || length > MAX_BYTES) return undefined;
      return memory.bytes(object - TAG + BigInt(array.data), length);
    },
  };
}
