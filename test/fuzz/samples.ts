// The real files that are mutated: every image of every fixture, archives, and shards made of images.
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { bufferSource } from "../../src/bytes/index.ts";
import { imageTypeByName, looksLikeImage, openImage } from "../../src/criu/index.ts";
import type { Image } from "../../src/criu/index.ts";
import { pagemapImage } from "../bench/pagemap-image.ts";
import { fixture } from "../unit/fixtures.ts";
import { sealOf } from "./seal.ts";
import { streamOf } from "./stream.ts";

const FIXTURES = fileURLToPath(new URL("../fixtures", import.meta.url));
/** More of a file than this would only make each case slower. */
const MAX_SAMPLE = 128 << 10;
/** Size words that are remembered of each image. */
const MAX_MARKS = 64;

export interface FuzzSample {
  readonly kind: "image" | "archive";
  /** File name, by which raw images are known. */
  readonly name: string;
  /** Fixture and path in it. */
  readonly origin: string;
  /** Samples are picked by group first, so that rare kinds of image get as many cases as frequent ones. */
  readonly group: string;
  readonly bytes: Uint8Array;
  readonly marks: readonly number[];
  readonly sealed: boolean;
}

/** Everything there is to mutate, by group. `only` is a part of an origin or name. */
export async function loadSamples(only = ""): Promise<ReadonlyMap<string, readonly FuzzSample[]>> {
  const groups = new Map<string, FuzzSample[]>();
  const seen = new Set<string>();
  const add = (sample: FuzzSample): void => {
    const key = createHash("sha256").update(sample.name).update(sample.bytes).digest("hex");
    if (sample.bytes.length === 0 || seen.has(key) || !sample.origin.includes(only)) return;
    seen.add(key);
    const group = groups.get(sample.group);
    if (group) group.push(sample);
    else groups.set(sample.group, [sample]);
  };
  for (const name of await fixtureNames()) {
    const root = await fixture(name);
    for (const path of await filesIn(root))
      if (looksLikeImage(basename(path))) add(await imageSample(name, path, relative(root, path)));
    if (name.startsWith("corpus/g-")) continue;
    for (const sample of await archiveSamples(name)) add(sample);
  }
  // Rows enough for the loop that prints many; the fixtures' pagemaps are short.
  for (const runs of ["even", "varied"] as const) {
    const bytes = Buffer.from(pagemapImage(3000, runs));
    const marks = await marksOf(await openImage("pagemap-1.img", bufferSource(bytes)));
    add({
      kind: "image",
      name: "pagemap-1.img",
      origin: `rows/${runs}`,
      group: "rows",
      bytes,
      marks,
      sealed: false,
    });
  }
  const stream = [...groups.values()]
    .flatMap(([first]) => (first?.kind === "image" ? [first] : []))
    .slice(0, 8);
  const bytes = streamOf(stream.map(({ name, bytes }) => ({ name, bytes: bytes.subarray(0, 2000) })));
  add({
    kind: "archive",
    name: "shard-0",
    origin: "stream/shard-0",
    group: "stream",
    bytes,
    marks: [0],
    sealed: false,
  });
  return groups;
}

async function imageSample(fixtureName: string, path: string, inside: string): Promise<FuzzSample> {
  const name = basename(path);
  const bytes = (await readFile(path)).subarray(0, MAX_SAMPLE);
  const sealed = /^enc\//.test(inside) && fixtureName.endsWith("tree-restorable-enc");
  const image = await openImage(name, bufferSource(bytes), sealed ? { seal: await sealOf() } : {});
  const marks = await marksOf(image);
  const group = `${sealed ? "sealed " : ""}${image.type?.name ?? "unknown"}`;
  return { kind: "image", name, origin: `${fixtureName}/${inside}`, group, bytes, marks, sealed };
}

/** Where size words stand. */
async function marksOf(image: Image): Promise<number[]> {
  const marks: number[] = [];
  for (let index = 0; index < Math.min(image.entryCount, MAX_MARKS); index++) {
    marks.push(image.entrySpan(index).start);
    if (marks.length > MAX_MARKS) break;
    for (const { start, kind } of (await image.entry(index)).framing) if (kind === "size") marks.push(start);
  }
  return marks;
}

/** The packed fixture and its tar, both cut: most of what there is to go wrong lies at the start. */
async function archiveSamples(name: string): Promise<readonly FuzzSample[]> {
  const packed = await readFile(join(FIXTURES, `${name}.tar.gz`));
  const tar = gunzipSync(packed).subarray(0, MAX_SAMPLE);
  const marks: number[] = [];
  for (let at = 0; at < tar.length; at += 512)
    if (tar.subarray(at + 257, at + 262).toString() === "ustar") marks.push(at + 124);
  const common = { kind: "archive", sealed: false } as const;
  return [
    {
      ...common,
      name: "packed.tar.gz",
      origin: `${name}.tar.gz`,
      group: "gzip",
      bytes: packed.subarray(0, MAX_SAMPLE),
      marks: [],
    },
    { ...common, name: "plain.tar", origin: `${name}.tar`, group: "tar", bytes: tar, marks },
  ];
}

/** Names under which samples are opened that were another kind of image: bytes and name need not fit. */
export const OTHER_NAMES: readonly string[] = [
  ...[
    "core-1.img",
    "route-1.img",
    "ifaddr-1.img",
    "rule-1.img",
    "netns-ct-1.img",
    "netns-exp-1.img",
    "iptables-1.img",
  ],
  ...[
    "nftables-1.img",
    "tmpfs-dev-1.tar.gz.img",
    "pages-1.img",
    "pages-1.comp.img",
    "amdgpu-kfd-1.img",
    "x.img",
  ],
  ...[
    "amdgpu-renderD-1.img",
    "amdgpu-pages-1-00ab.img",
    "ghost-file-1.img",
    "ipcns-msg-1.img",
    "ipcns-shm-1.img",
  ],
  ...[
    "tcp-stream-1.img",
    "sk-queues.img",
    "bpfmap-data.img",
    "pagemap-shmem-1.img",
    "stats-dump",
    "signal-p-1.img",
  ],
].filter((name) => name === "x.img" || imageTypeByName(name) !== undefined);

async function fixtureNames(): Promise<readonly string[]> {
  const files = await filesIn(FIXTURES);
  return files
    .map((path) => relative(FIXTURES, path))
    .filter((path) => path.endsWith(".tar.gz") && dirname(path) !== ".")
    .map((path) => path.slice(0, -".tar.gz".length))
    .filter((name) => name !== "sealed/keys")
    .toSorted();
}

async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}
