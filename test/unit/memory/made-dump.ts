// Small dumps made by hand, for what no real one has.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A varint of a protobuf message. */
function varint(value: bigint): number[] {
  const bytes: number[] = [];
  for (let left = value; ;) {
    const low = Number(left & 127n);
    left >>= 7n;
    if (left === 0n) return [...bytes, low];
    bytes.push(low | 128);
  }
}

/** A message of numbers (`[field, value]`), texts and messages, for the images of made-up dumps. */
export function message(
  ...fields: readonly (readonly [number, bigint | number | string | Uint8Array])[]
): Uint8Array {
  const bytes: number[] = [];
  for (const [number, value] of fields)
    if (typeof value === "string" || value instanceof Uint8Array) {
      const content = typeof value === "string" ? new TextEncoder().encode(value) : value;
      bytes.push(...varint(BigInt(number * 8 + 2)), ...varint(BigInt(content.length)), ...content);
    } else bytes.push(...varint(BigInt(number * 8)), ...varint(BigInt(value)));
  return Uint8Array.from(bytes);
}

/** An image of entries behind its magics. */
export function image(magic: number, entries: readonly Uint8Array[]): Buffer {
  const words = (...values: number[]): Buffer => {
    const bytes = Buffer.alloc(values.length * 4);
    values.forEach((value, index) => bytes.writeUInt32LE(value, index * 4));
    return bytes;
  };
  const head = magic === 0x58313116 ? words(magic) : words(0x54564319, magic);
  return Buffer.concat([head, ...entries.flatMap((entry) => [words(entry.length), entry])]);
}

/** One mapping of a made-up process. */
export interface MadeVma {
  readonly start: bigint;
  readonly end: bigint;
  /** vma_entry.status; REGULAR and ANON_PRIVATE when not given. */
  readonly status?: number;
  readonly prot?: number;
  /** Of the shared memory object that it maps, from its first page on. */
  readonly shmid?: number;
}

/** The memory of a made-up process. */
export interface MadeMemory {
  readonly vmas: readonly MadeVma[];
  /** pagemap_entry messages. */
  readonly pagemap: readonly Uint8Array[];
  readonly pages: Uint8Array;
}

export interface MadeDump extends MadeMemory {
  /** Children of the process, with the pids that follow its own. */
  readonly children?: readonly MadeMemory[];
  /** More files of the folder, by path. */
  readonly more?: Readonly<Record<string, Uint8Array>>;
}

/** `pagemap-NAME.img` of a made-up dump. */
export const pagemapImage = (pagesId: number, entries: readonly Uint8Array[]): Buffer =>
  image(MAGIC.pagemap, [message([1, pagesId]), ...entries]);

export const MADE_PID = 7;
/** AT_PAGESZ: without it mappings that happen to lie at multiples of 16 KiB would be of a machine with such pages. */
const AUXV: readonly (readonly [number, number])[] = [
  [13, 6],
  [13, 4096],
];
const MAGIC = {
  inventory: 0x58313116,
  pstree: 0x50273030,
  core: 0x55053847,
  mm: 0x57492820,
  pagemap: 0x56084025,
};

/** The images of one process; its pages file has the number `pagesId`. */
function processImages(
  pid: number,
  pagesId: number,
  { vmas, pagemap, pages }: MadeMemory,
): Readonly<Record<string, Uint8Array>> {
  const entries = vmas.map(({ start, end, status = (1 << 0) | (1 << 9), prot = 3, shmid = 0 }) =>
    message([1, start], [2, end], [3, 0], [4, shmid], [5, prot], [6, 0x22], [7, status], [8, 0]),
  );
  const numbers = Array.from({ length: 12 }, (_, index): readonly [number, number] => [index + 1, 0]);
  return {
    [`core-${pid}.img`]: image(MAGIC.core, []),
    [`mm-${pid}.img`]: image(MAGIC.mm, [
      message(...numbers, ...AUXV, ...entries.map((vma): readonly [number, Uint8Array] => [14, vma])),
    ]),
    [`pagemap-${pid}.img`]: pagemapImage(pagesId, pagemap),
    [`pages-${pagesId}.img`]: pages,
  };
}

/** Runs `use` on the folder of a dump made by hand: for what no real dump has. */
export async function withMade<T>(dump: MadeDump, use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "made-dump-"));
  try {
    const processes = [dump, ...(dump.children ?? [])];
    const tree = processes.map((_, index) => {
      const pid = MADE_PID + index;
      return message([1, pid], [2, index === 0 ? 0 : MADE_PID], [3, MADE_PID], [4, MADE_PID], [5, pid]);
    });
    const files: Readonly<Record<string, Uint8Array>> = {
      "inventory.img": image(MAGIC.inventory, [message([1, 2])]),
      "pstree.img": image(MAGIC.pstree, tree),
      ...Object.fromEntries(
        processes.flatMap((each, index) => Object.entries(processImages(MADE_PID + index, index + 1, each))),
      ),
      ...dump.more,
    };
    for (const [name, bytes] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), bytes);
    }
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
