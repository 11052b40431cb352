// Files made to cost as much memory as they can: entries of one to four MiB that are nothing but the smallest fields, messages
// in messages, entries and lines without content; and the memory map of a process with as many areas as Linux allows.
import { imageTypeNamed } from "../../src/criu/index.ts";

export interface CraftedFile {
  readonly name: string;
  readonly what: string;
  readonly bytes: Buffer;
}

const MIB = 1 << 20;
/** `vm.max_map_count` of Linux, by default. */
const MAX_AREAS = 65_530;

/** What an entry is filled with. Field numbers are CRIU's. */
const FILLINGS: Readonly<Record<string, readonly [kind: string, hex: string]>> = {
  "unknown numbers": ["PSTREE", "7801"],
  "large unknown numbers": ["PSTREE", "78ffffffffffffffffff01"],
  "unknown numbers of ever other fields": ["PSTREE", "f80101f90101f80201"],
  "unknown bytes of no length": ["PSTREE", "7a00"],
  "elements of a list": ["PSTREE", "2801"],
  "fields of the wrong wire type": ["PSTREE", "0a00"],
  "empty areas of memory": ["MM", "7200"],
  "areas of memory of one field": ["MM", "72020800"],
  "empty files": ["FILES", "1a00"],
  "strings of no length": ["CGROUP", "0a020a00"],
  groups: ["PSTREE", "7b7c"],
  "groups in groups": ["PSTREE", "0b".repeat(30) + "0c".repeat(30)],
  "64-bit numbers": ["MM", "b80601"],
  registers: ["CORE", "0801"],
};

export function craftedFiles(): readonly CraftedFile[] {
  const files: CraftedFile[] = [];
  for (const size of [1, 4])
    for (const [what, [kind, hex]] of Object.entries(FILLINGS)) {
      const piece = Buffer.from(hex, "hex");
      const content = Buffer.alloc(Math.floor((size * MIB - 12) / piece.length) * piece.length, piece);
      files.push({ name: fileOf(kind), what: `${size} MiB of ${what}`, bytes: image(kind, [content]) });
    }
  const packed = Buffer.concat([Buffer.from([0x2a]), varint(2 * MIB), Buffer.alloc(2 * MIB, 1)]);
  files.push({ name: "pstree.img", what: "a packed list", bytes: image("PSTREE", [packed]) });
  files.push({ name: "mm-1.img", what: "all areas a process can have", bytes: image("MM", [memoryMap()]) });
  files.push({ name: "core-1.img", what: "deep messages", bytes: image("CGROUP", [deepMessage(30, MIB)]) });
  files.push({
    name: "pstree.img",
    what: "empty entries",
    bytes: image("PSTREE", [], Buffer.alloc(4 * MIB)),
  });
  files.push({ name: "iptables-1.img", what: "empty lines", bytes: Buffer.alloc(2 * MIB, "\n") });
  files.push({ name: "route-1.img", what: "empty messages", bytes: netlinkDump(2 * MIB) });
  return files;
}

function fileOf(kind: string): string {
  return imageTypeNamed(kind)?.pattern.replace(/%\w+/, "1") ?? `${kind}.img`;
}

function image(kind: string, entries: readonly Uint8Array[], rest = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(0x54564319, 0);
  header.writeUInt32LE(imageTypeNamed(kind)?.magic ?? 0, 4);
  return Buffer.concat([header, ...entries.flatMap((entry) => [word(entry.length), entry]), rest]);
}

/** mm_entry as CRIU writes it: required numbers, then an area after the other. */
function memoryMap(): Buffer {
  const head = Buffer.from([
    0x08, 0, 0x10, 0, 0x18, 0, 0x20, 0, 0x28, 0, 0x30, 0, 0x38, 0, 0x40, 0, 0x48, 0, 0x50, 0, 0x58, 0, 0x60,
    0,
  ]);
  const areas = Array.from({ length: MAX_AREAS }, (_, index) => {
    const start = 0x7f0000000000 + index * 0x2000;
    const area = Buffer.concat(
      [
        ...[
          [0x08],
          varint(start),
          [0x10],
          varint(start + 0x1000),
          [0x18, 0, 0x20, 0, 0x28, 3, 0x30, 0x22, 0x38],
          varint(513),
        ],
        ...[[0x40], Buffer.from("ffffffffffffffffff01", "hex"), [0x48, 0, 0x50, 0, 0x58, 0, 0x60, 0]],
      ].map((part) => Buffer.from(part)),
    );
    return Buffer.concat([Buffer.from([0x72, area.length]), area]);
  });
  return Buffer.concat([head, ...areas]);
}

/** cgroup_dir_entry has children of its own kind: `depth` of them, the last full of strings. */
function deepMessage(depth: number, size: number): Buffer {
  let message: Buffer = Buffer.alloc(size - (size % 2), Buffer.from([0x7a, 0]));
  for (let level = 0; level < depth; level++)
    message = Buffer.concat([Buffer.from([0x12]), varint(message.length), message]);
  return Buffer.concat([Buffer.from([0x12]), varint(message.length), message]);
}

/** `ip route save`: its magic, then headers of 16 bytes. */
function netlinkDump(size: number): Buffer {
  const message = Buffer.from("10000000180002000000000000000000", "hex");
  return Buffer.concat([Buffer.from("24123145", "hex").swap32(), Buffer.alloc(size, message)]);
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let left = BigInt(value);
  for (; left > 0x7fn; left >>= 7n) bytes.push(Number(left & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(left)]);
}
