// Frozen things that CRIU didn't make. They are recognised by content and shown as plain files, with what their heads say.
import { readExactly, type ByteSource } from "../bytes/index.ts";
import type { ForeignOrigin } from "./origin.ts";
import type { FileTree } from "./tree.ts";

type Facts = ForeignOrigin["facts"];

interface Format {
  readonly kind: ForeignOrigin["kind"];
  /** What the head of such a file says; undefined when it is none. */
  read(source: ByteSource): Promise<Facts | undefined>;
}

/** A new one is a row. */
const FORMATS: readonly Format[] = [
  { kind: "gvisor", read: readGvisor },
  { kind: "firecracker", read: readFirecracker },
];

/** What a file is, by its first bytes, when it is a snapshot of gVisor or Firecracker. */
export async function recogniseSnapshot(source: ByteSource): Promise<ForeignOrigin | undefined> {
  for (const { kind, read } of FORMATS) {
    const facts = await read(source);
    if (facts !== undefined) return { kind, facts };
  }
  return undefined;
}

/** Files of a folder that are looked at, and the smallest that can be one. */
const MAX_FILES = 64;
const SMALLEST = 16;
/** Names around CRIU's images; where one is, nothing needs to be read to know. */
const OF_CRIU = new Set(["inventory.img", "pstree.img", "checkpoint", "config.dump", "spec.dump"]);

/** The same of a folder or archive: of the files in its root, one is a snapshot, and no CRIU images lie beside it. */
export async function recogniseFolder(tree: FileTree): Promise<ForeignOrigin | undefined> {
  const entries = await tree.list("").catch(() => []);
  const files = entries.filter(({ kind, size }) => kind === "file" && size >= SMALLEST);
  if (files.length > MAX_FILES || entries.some(({ name }) => OF_CRIU.has(name))) return undefined;
  for (const { path } of files) {
    const source = await tree.open(path).catch(() => undefined);
    if (source === undefined) continue;
    try {
      const found = await recogniseSnapshot(source);
      if (found === undefined) continue;
      const others = files.filter((file) => file.path !== path);
      return {
        ...found,
        facts: [
          ["File", path],
          ...found.facts,
          ...others.map(({ name, size }) => [name, bytes(size)] as const),
        ],
      };
    } finally {
      await source.close?.();
    }
  }
  return undefined;
}

const GVISOR = Buffer.from("gVisorSF", "latin1");
/** As gVisor's own reader has it (pkg/state/statefile/statefile.go). */
const MAX_GVISOR = 16 * 1024 * 1024;
const MAX_FACTS = 100;
const MAX_VALUE = 1000;

/** `runsc checkpoint`: magic, u64 (big endian) length of a JSON object of strings, that object, then the state. */
async function readGvisor(source: ByteSource): Promise<Facts | undefined> {
  const head = Buffer.from(await source.read(0, 16));
  if (head.length < 16 || !head.subarray(0, 8).equals(GVISOR)) return undefined;
  const format = ["Format", "gVisor state file (runsc checkpoint)"] as const;
  const length = Number(head.readBigUInt64BE(8));
  if (length > MAX_GVISOR || 16 + length > source.size) return [format, ["Metadata", "broken"]];
  try {
    const value: unknown = JSON.parse(Buffer.from(await readExactly(source, 16, length)).toString("utf8"));
    const pairs = Object.entries(typeof value === "object" && value !== null ? value : {}).slice(
      0,
      MAX_FACTS,
    );
    return [format, ...pairs.map(([key, text]) => [key, String(text).slice(0, MAX_VALUE)] as const)];
  } catch {
    return [format, ["Metadata", "broken"]];
  }
}

/** Bits 16 to 63 of the first word; the others are the format's version where there was one (before 1.6). */
const FIRECRACKER: Readonly<Record<string, string>> = { "71019848664": "x86_64", "7101984aaaa": "aarch64" };

/** Firecracker's state file: u64 magic with the architecture, the format's version as text with a u64 length, the state, CRC-64. */
async function readFirecracker(source: ByteSource): Promise<Facts | undefined> {
  const head = Buffer.from(await source.read(0, 48));
  if (head.length < 24) return undefined;
  const magic = head.readBigUInt64LE(0);
  const architecture = FIRECRACKER[(magic >> 16n).toString(16)];
  if (architecture === undefined) return undefined;
  const length = Number(head.readBigUInt64LE(8));
  const text = length <= 32 ? head.subarray(16, 16 + length).toString("latin1") : "";
  const version = /^\d+\.\d+\.\d+/.test(text)
    ? text
    : (magic & 0xffffn) > 0n
      ? String(magic & 0xffffn)
      : "unknown";
  return [
    ["Format", "Firecracker microVM state"],
    ["Architecture", architecture],
    ["Format version", version],
  ];
}

const bytes = (size: number): string => `${size} bytes`;
