// Firecracker's state file: u64 magic with the architecture, the format's version as text behind its u64 length, the state in
// bincode, CRC-64 (src/vmm/src/snapshot/mod.rs). The memory of the guest is another file, with no head.
import type { ByteSource } from "../bytes/index.ts";
import type { ForeignHead } from "./origin.ts";

/** Bits 16 to 63 of the magic; the others were the format's version before 1.6. */
const MACHINES: Readonly<Record<string, string>> = { "71019848664": "x86_64", "7101984aaaa": "aarch64" };
const HEAD = 48;
const SMALLEST = 24;
const MAX_VERSION = 32;

/** Undefined when it is no state file. */
export async function readFirecracker(source: ByteSource): Promise<ForeignHead | undefined> {
  const head = Buffer.from(await source.read(0, HEAD));
  if (head.length < SMALLEST) return undefined;
  const magic = head.readBigUInt64LE(0);
  const architecture = MACHINES[(magic >> 16n).toString(16)];
  if (architecture === undefined) return undefined;
  const length = Number(head.readBigUInt64LE(8));
  const text = length <= MAX_VERSION ? head.subarray(16, 16 + length).toString("latin1") : "";
  const old = magic & 0xffffn;
  const version = /^\d+\.\d+\.\d+/.test(text) ? text : old > 0n ? String(old) : "unknown";
  return {
    kind: "firecracker",
    facts: [
      ["Format", "Firecracker microVM state"],
      ["Architecture", architecture],
      ["Format version", version],
      ["State", `${source.size} bytes`],
    ],
    specs: [],
  };
}
