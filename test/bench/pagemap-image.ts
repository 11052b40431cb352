import protobuf from "protobufjs";

/** How long the runs of a pagemap are, and what lies between them. */
export type Runs = "even" | "varied";

/**
 * A pagemap as CRIU 4.2 writes it: common and own magic, a head, then one run of pages an entry. "Varied" runs have lengths,
 * gaps and flags as in real ones, the same in every call.
 */
export function pagemapImage(entries: number, runs: Runs): Uint8Array {
  const magic = Buffer.alloc(8);
  magic.writeUInt32LE(0x54564319, 0);
  magic.writeUInt32LE(0x56084025, 4);
  const records = [protobuf.Writer.create().uint32(8).uint32(1).finish()];
  const random = randomNumbers();
  let page = 0x7f0000000;
  for (let index = 0; index < entries; index++) {
    const varied = runs === "varied";
    const pages = varied ? 1 + random(random(10) === 0 ? 4000 : 40) : 2;
    const flags = varied ? ([4, 4, 4, 6, 1, 5][random(6)] ?? 4) : 4;
    const writer = protobuf.Writer.create();
    writer.uint32(8).uint64(page * 0x1000); // vaddr
    writer.uint32(16).uint32(0); // compat_nr_pages
    writer.uint32(32).uint32(flags); // PE_PRESENT and the like
    writer.uint32(40).uint64(pages); // nr_pages
    records.push(writer.finish());
    page += pages + 1 + (varied ? random(200) : 0);
  }
  return Buffer.concat([magic, ...records.flatMap((record) => [size(record.length), record])]);
}

function size(length: number): Buffer {
  const word = Buffer.alloc(4);
  word.writeUInt32LE(length);
  return word;
}

/** Gives numbers below a limit, always the same ones (a linear congruential generator; its upper bits). */
function randomNumbers(): (limit: number) => number {
  let state = 12345;
  return (limit) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % limit;
  };
}
