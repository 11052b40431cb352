// Optimizing compilers give one instruction several lines. The lines here are what `info line *ADDRESS` of gdb said.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { bufferSource } from "../../../src/bytes/index.ts";
import { openLines } from "../../../src/corefile/dwarf/lines.ts";
import { openElfFile } from "../../../src/corefile/elf/elf-file.ts";
import { fixture } from "../fixtures.ts";

describe("an instruction that has several lines", () => {
  for (const [program, rows] of [
    [
      "c-O2",
      [
        [0x401748n, 86],
        [0x401760n, 52],
        [0x40177bn, 66],
        [0x40185an, 69],
        [0x401880n, 91],
        [0x401889n, 92],
        [0x4018f1n, 95],
        [0x401100n, 75],
        [0x401560n, 106],
        [0x4015ben, 112],
      ],
    ],
    [
      "cpp-O2",
      [
        [0x402100n, 28],
        [0x402120n, 36],
        [0x402123n, 38],
        [0x401106n, 364],
        [0x401111n, 383],
        [0x401116n, 142],
        [0x40111bn, 794],
        [0x401123n, 90],
        [0x401138n, 794],
        [0x401140n, 90],
        [0x40215en, 364],
        [0x402162n, 383],
        [0x402167n, 142],
        [0x402173n, 233],
      ],
    ],
  ] as const)
    it(`is in the one that begins a statement, in ${program} as in gdb`, async () => {
      const bytes = await readFile(join(await fixture("unwind/locals"), program));
      const elf = await openElfFile(bufferSource(bytes));
      assert.ok(elf);
      const lines = openLines(elf);
      const ours = await Promise.all(
        rows.map(async ([address]) => [address, (await lines.at(address))?.line]),
      );
      assert.deepEqual(ours, rows);
    });
});
