// A made-up dump with a pages file of 2 GiB, half noise and half text: what the benches of memory read.
import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { image, message } from "../unit/memory/support.ts";

const PAGE = 4096;
const SIZE = 2 * 1024 ** 3;
const PIECE = 4 * 1024 * 1024;
export const PID = 7;
const START = 0x7f00_0000_0000n;
/** Stands in the text this many times, far apart. */
export const MARKS = 1000;
export const MARK = "a mark that is rare";
/** Stands nowhere. */
export const ABSENT = "needle that is not in the haystack";

export interface BenchDump {
  /** Folder of the images. */
  readonly folder: string;
  readonly pages: string;
  readonly address: bigint;
  readonly size: number;
}

/** The dump with one run of pages, or with `entries` runs that have an untouched page between them. Made once, kept in the cache. */
export function benchDump(entries = 1): BenchDump {
  const cache = fileURLToPath(new URL("../../.cache/bench", import.meta.url));
  const folder = join(cache, `memory-${entries}`);
  const pages = join(folder, "pages-1.img");
  const dump = { folder, pages, address: START, size: SIZE };
  if (existsSync(folder)) return dump;
  const draft = `${folder}.draft`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  const runs = runsOf(entries);
  const magic = { pstree: 0x50273030, core: 0x55053847, mm: 0x57492820, pagemap: 0x56084025 };
  const numbers = Array.from({ length: 12 }, (_, index): readonly [number, number] => [index + 1, 0]);
  const last = runs.at(-1);
  const end = START + BigInt((last?.first ?? 0) + (last?.count ?? 0)) * BigInt(PAGE);
  // PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, REGULAR | ANON_PRIVATE.
  const vma = message([1, START], [2, end], [3, 0], [4, 0], [5, 3], [6, 0x22], [7, 0x201], [8, 0]);
  const map = runs.map(({ first, count }) =>
    message([1, START + BigInt(first) * BigInt(PAGE)], [2, 0], [4, 4], [5, count]),
  );
  const files: Readonly<Record<string, Uint8Array>> = {
    "inventory.img": image(0x58313116, [message([1, 2])]),
    "pstree.img": image(magic.pstree, [message([1, PID], [2, 0], [3, PID], [4, PID], [5, PID])]),
    [`core-${PID}.img`]: image(magic.core, []),
    [`mm-${PID}.img`]: image(magic.mm, [message(...numbers, [14, vma])]),
    [`pagemap-${PID}.img`]: image(magic.pagemap, [message([1, 1]), ...map]),
  };
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(draft, name), bytes);
  writePages(join(draft, "pages-1.img"));
  renameSync(draft, folder);
  return dump;
}

/** Runs of pages with a page between them. */
function runsOf(entries: number): readonly { readonly first: number; readonly count: number }[] {
  const all = SIZE / PAGE;
  const each = Math.floor(all / entries);
  return Array.from({ length: entries }, (_, index) => ({
    first: index * (each + 1),
    count: index === entries - 1 ? all - each * (entries - 1) : each,
  }));
}

function writePages(path: string): void {
  const file = openSync(path, "w");
  const line = (number: number): string =>
    `The quick brown fox jumps over the lazy dog, line ${String(number).padStart(10, "0")}\n`;
  const lineSize = line(0).length;
  const every = Math.floor(SIZE / 2 / lineSize / MARKS);
  let number = 0;
  let rest = "";
  try {
    for (let at = 0; at < SIZE; at += PIECE) {
      if (at < SIZE / 2) {
        writeSync(file, randomBytes(PIECE));
        continue;
      }
      const lines = [rest];
      for (let size = rest.length; size < PIECE; size += lineSize, number++) {
        const text = line(number);
        const isMarked = number % every === every - 1 && number < every * MARKS;
        lines.push(isMarked ? `${MARK}${text.slice(MARK.length)}` : text);
      }
      const text = lines.join("");
      writeSync(file, text.slice(0, PIECE), null, "latin1");
      rest = text.slice(PIECE);
    }
  } finally {
    closeSync(file);
  }
}
