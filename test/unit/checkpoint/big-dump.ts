// Dumps that are bigger than any program in the corpus: copies of a real process, and a memory map of many pieces.
import { copyFile, cp, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { encodeImage } from "../../../src/criu/index.ts";
import { fixture } from "../fixtures.ts";
import { readCrit } from "./support.ts";

const IMAGES = /^(core|mm|fs|ids|pagemap)-(\d+)\.img$/;

interface CritImage {
  readonly entries: readonly Readonly<Record<string, unknown>>[];
}

async function write(file: string, magic: string, entries: readonly object[]): Promise<void> {
  await writeFile(file, Buffer.concat([...encodeImage(JSON.stringify({ magic, entries }))]));
}

/** Fills the empty `folder` with images of `count` processes, each a copy of the one in `corpus/a-single`, in a tree of tens. */
export async function writeManyProcesses(folder: string, count: number): Promise<void> {
  const source = join(await fixture("corpus/a-single"), "img");
  const names = await readdir(source);
  await cp(source, folder, { recursive: true });
  const originals = names.filter((name) => IMAGES.test(name));
  for (let pid = 1; pid <= count; pid++)
    await Promise.all(
      originals.map((name) =>
        copyFile(join(source, name), join(folder, name.replace(/-\d+\.img$/, `-${pid}.img`))),
      ),
    );
  const tasks = Array.from({ length: count }, (_, index) => {
    const pid = index + 1;
    return { pid, ppid: Math.floor(pid / 10), pgid: 1, sid: 1, threads: [pid] };
  });
  await write(join(folder, "pstree.img"), "PSTREE", tasks);
}

/** Fills the empty `folder` with the images of `corpus/a-single`, whose process then has `count` VMAs of a page each. Gives its pid. */
export async function writeManyAreas(folder: string, count: number): Promise<number> {
  const fixtureFolder = await fixture("corpus/a-single");
  await cp(join(fixtureFolder, "img"), folder, { recursive: true });
  const file = (await readdir(folder)).find((name) => name.startsWith("mm-")) ?? "";
  // crit's JSON of the same image, whose shape it has.
  const { entries } = (await readCrit(join(fixtureFolder, "crit", `${file}.json`))) as CritImage;
  const vmas = Array.from({ length: count }, (_, index) => {
    const start = 0x7f00_0000_0000 + index * 0x2000;
    return {
      start: `0x${start.toString(16)}`,
      end: `0x${(start + 0x1000).toString(16)}`,
      ...{ pgoff: 0, shmid: 0, prot: "PROT_READ", flags: "MAP_PRIVATE | MAP_ANON" },
      ...{ status: "VMA_AREA_REGULAR | VMA_ANON_PRIVATE", fd: -1, madv: "0x0" },
    };
  });
  await write(
    join(folder, file),
    "MM",
    entries.map((entry) => ({ ...entry, vmas })),
  );
  return Number(/\d+/.exec(file)?.[0]);
}
