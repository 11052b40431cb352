import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import protobuf from "protobufjs";
import { critDecode, whyNoCrit } from "./crit.ts";
import type { Bench } from "./run.ts";

const ENTRIES = 100_000;

/** A pagemap as CRIU 4.2 writes it: common and own magic, a head, then one run of pages an entry. */
function pagemap(): Uint8Array {
  const magic = Buffer.alloc(8);
  magic.writeUInt32LE(0x54564319, 0);
  magic.writeUInt32LE(0x56084025, 4);
  const records = [protobuf.Writer.create().uint32(8).uint32(1).finish()];
  for (let index = 0; index < ENTRIES; index++) {
    const writer = protobuf.Writer.create();
    writer.uint32(8).uint64(0x7f0000000000 + index * 0x3000); // vaddr
    writer.uint32(16).uint32(0); // compat_nr_pages
    writer.uint32(32).uint32(4); // flags: PE_PRESENT
    writer.uint32(40).uint64(2); // nr_pages
    records.push(writer.finish());
  }
  return Buffer.concat([magic, ...records.flatMap((record) => [size(record.length), record])]);
}

function size(length: number): Buffer {
  const word = Buffer.alloc(4);
  word.writeUInt32LE(length);
  return word;
}

export const bench: Bench = {
  title: `decode a pagemap of ${ENTRIES} entries`,
  goal: 20,
  rounds: 5,
  prepare() {
    const why = whyNoCrit();
    if (why !== undefined) {
      console.error(`decode-pagemap: ${why}`);
      return Promise.resolve(undefined);
    }
    const file = join(mkdtempSync(join(tmpdir(), "bench-")), "pagemap-1.img");
    writeFileSync(file, pagemap());
    return Promise.resolve([
      { name: "cryoscope decode", commands: [[process.execPath, "dist/cli.cjs", "decode", "--plain", file]] },
      { name: "crit decode", commands: [critDecode(file, "pagemap-1.img")] },
    ]);
  },
};
