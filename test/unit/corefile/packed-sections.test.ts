// Debug information that objcopy has packed, beside the same before it was.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { bufferSource } from "../../../src/bytes/index.ts";
import { openElfFile } from "../../../src/corefile/elf/elf-file.ts";
import type { ElfFile, Section } from "../../../src/corefile/elf/elf-file.ts";
import { fixture } from "../fixtures.ts";

const LIMIT = 2 ** 24;

describe("sections that are packed with zstd", () => {
  let bytes: Buffer;
  let packed: ElfFile;

  const open = async (content: Buffer): Promise<ElfFile> => {
    const elf = await openElfFile(bufferSource(content));
    assert.ok(elf);
    return elf;
  };
  /** What becomes of one section when its head (`ch_type`, `ch_size`) says this. */
  async function changed({ offset, name }: Section, type: number, size: bigint): Promise<Uint8Array> {
    const copy = Buffer.from(bytes);
    copy.writeUInt32LE(type, offset);
    copy.writeBigUInt64LE(size, offset + 8);
    const elf = await open(copy);
    const section = elf.section(name);
    assert.ok(section);
    return elf.content(section, LIMIT);
  }

  before(async () => {
    bytes = await readFile(join(await fixture("unwind/dwarf-versions"), "c-O0-v3-zstd"));
    packed = await open(bytes);
  });

  it("are what they were before", async () => {
    const plain = await open(await readFile(join(await fixture("unwind/dwarf-versions"), "c-O0-v3")));
    const names = packed.sections.filter(({ compressed }) => compressed).map(({ name }) => name);
    assert.deepEqual(names, [".debug_info", ".debug_abbrev", ".debug_line", ".debug_str"]);
    for (const name of names) {
      const [ours, theirs] = [packed.section(name), plain.section(name)];
      assert.ok(ours && theirs);
      assert.notEqual(ours.size, theirs.size);
      assert.deepEqual(await packed.content(ours, LIMIT), await plain.content(theirs, LIMIT), name);
    }
  });

  it("are refused when they are larger than they say, or than is read", async () => {
    const section = packed.section(".debug_info");
    assert.ok(section);
    await assert.rejects(changed(section, 2, 100n), { code: "archive.tooBig" });
    await assert.rejects(changed(section, 2, 2n ** 60n), { code: "elf.damaged" });
  });

  it("are told from damaged ones when their packing isn't known", async () => {
    const section = packed.section(".debug_info");
    assert.ok(section);
    await assert.rejects(changed(section, 3, 100n), {
      code: "elf.unknownPacking",
      message: /\.debug_info .*packed in a way \(3\)/,
    });
  });
});
