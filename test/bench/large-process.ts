// Real processes whose memory was made large: for peers that want more of a checkpoint than its pages.
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  appendFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fixture } from "../unit/fixtures.ts";
import { benchDump } from "./memory-dump.ts";
import { cli } from "./memory-search.bench.ts";

const PAGE = 4096;
/** Below all mappings that Linux makes by itself. */
const START = 0x100_0000_0000;
/** Of larger mappings the peer copies all that it has once more for each page, and takes hours. */
const MAPPING = 2 * 1024 * 1024;
const hex = (value: number): string => `0x${value.toString(16)}`;

/** A memory mapping and a pagemap entry as crit prints them; the rest of them stays as it is. */
interface Vma {
  readonly start: string;
  readonly end: string;
}
interface Mm {
  readonly vmas: readonly Vma[];
  readonly mm_arg_start: string;
}
interface Entry {
  readonly pages_id?: number;
  readonly vaddr?: string;
  readonly nr_pages?: number;
  readonly compat_nr_pages?: number;
}
interface Decoded<T> {
  readonly magic: string;
  readonly entries: readonly T[];
}

/** Where the number of an entry's pages stands: in the 64 bits of CRIU 4.2, or in the 32 bits that older tools read. */
type Counted = "nr_pages" | "compat_nr_pages";

/**
 * Puts images of process `pid` into `target` that say that it has `size` bytes of `benchDump` and its stack, and nothing else:
 * peers want the files that are mapped. `images` is where its own are.
 */
function enlarge(images: string, pid: string, target: string, size: number, counted: Counted): void {
  const mm = decode<Mm>(images, `mm-${pid}.img`);
  const [entry] = mm.entries;
  const isStack = ({ start, end }: Vma): boolean =>
    Number(start) <= Number(entry?.mm_arg_start) && Number(entry?.mm_arg_start) < Number(end);
  const stack = entry?.vmas.find(isStack);
  if (entry === undefined || stack === undefined) throw new Error("the fixture has no stack");
  const vmas = Array.from({ length: size / MAPPING }, (_, index) => ({
    ...stack,
    start: hex(START + index * MAPPING),
    end: hex(START + (index + 1) * MAPPING),
    flags: "MAP_PRIVATE | MAP_ANON",
  }));
  encode(target, `mm-${pid}.img`, { ...mm, entries: [{ ...entry, vmas: [...vmas, stack] }] });

  const map = decode<Entry>(images, `pagemap-${pid}.img`);
  const [head = {}, first, ...others] = map.entries;
  const inStack = others.filter(
    ({ vaddr }) => Number(vaddr) >= Number(stack.start) && Number(vaddr) < Number(stack.end),
  );
  const large = { ...first, vaddr: hex(START), nr_pages: size / PAGE, flags: "PE_PRESENT" };
  const entries = [large, ...inStack].map(({ nr_pages, compat_nr_pages: _, ...rest }) => ({
    ...rest,
    compat_nr_pages: 0,
    [counted]: nr_pages,
  }));
  encode(target, `pagemap-${pid}.img`, { ...map, entries: [head, ...entries] });
  const file = `pages-${head.pages_id ?? 1}.img`;
  // The stack is the last that the process has.
  const kept = inStack.reduce((sum, { nr_pages = 0 }) => sum + nr_pages, 0) * PAGE;
  const stackPages = readFileSync(join(images, file)).subarray(-kept);
  copyFileSync(benchDump().pages, join(target, file));
  truncateSync(join(target, file), size);
  appendFileSync(join(target, file), stackPages);
}

/** A process of 51 threads and `size` bytes: the folder of its images, and its pid. Made once, kept in the cache. */
export async function largeProcess(size: number): Promise<{ readonly folder: string; readonly pid: string }> {
  const images = join(await fixture("corpus/b-threads50"), "img");
  const names = readdirSync(images).filter((name) => name.endsWith(".img"));
  const pid = /^mm-(\d+)\.img$/m.exec(names.join("\n"))?.[1] ?? "";
  const folder = fileURLToPath(new URL(`../../.cache/bench/core-${size}`, import.meta.url));
  if (existsSync(folder)) return { folder, pid };
  const draft = `${folder}.draft`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  for (const name of names)
    if (!name.startsWith("pages-")) copyFileSync(join(images, name), join(draft, name));
  enlarge(images, pid, draft, size, "nr_pages");
  renameSync(draft, folder);
  return { folder, pid };
}

/** Podman's archive of a container whose process 1 is so large, put into `folder`; gives its name. Made once. */
export async function largeArchive(folder: string): Promise<string> {
  const name = "memory.tar";
  if (existsSync(join(folder, name))) return name;
  const draft = join(folder, "draft");
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  tar("-xf", join(await fixture("corpus/g-podman-none"), "checkpoint.tar"), "-C", draft);
  const images = join(draft, "checkpoint");
  enlarge(images, "1", images, benchDump().size, "compat_nr_pages");
  tar("-cf", join(folder, `${name}.draft`), "-C", draft, ...readdirSync(draft));
  renameSync(join(folder, `${name}.draft`), join(folder, name));
  rmSync(draft, { recursive: true });
  return name;
}

function tar(...args: readonly string[]): void {
  const { status, stderr } = spawnSync("tar", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
}

function decode<T>(folder: string, name: string): Decoded<T> {
  const [program, ...args] = cli("decode", join(folder, name));
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Decoded<T>;
}

function encode(folder: string, name: string, image: Decoded<unknown>): void {
  const [program, ...args] = cli("encode", "-", "-o", join(folder, name));
  const { status, stderr } = spawnSync(program, args, { encoding: "utf8", input: JSON.stringify(image) });
  if (status !== 0) throw new Error(stderr);
}
