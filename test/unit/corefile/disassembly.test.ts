import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { disassemblerFor } from "../../../src/corefile/index.ts";
import type { Code } from "../../../src/corefile/index.ts";
import { fixture } from "../fixtures.ts";

interface Listed {
  readonly address: bigint;
  readonly bytes: Buffer;
  readonly mnemonic: string;
}

/** What objdump printed: bytes of the 64-bit PC in the order of memory, those of Arm as words or halves. */
async function listing(name: string, isWords: boolean): Promise<readonly Listed[]> {
  const text = await readFile(join(await fixture("unwind/disassembly"), `${name}.txt`), "utf8");
  const found: Listed[] = [];
  for (const line of text.split("\n")) {
    const [, address, octets, rest = ""] = /^\s+([0-9a-f]+):\t([0-9a-f ]+?)\s*\t(.*)$/.exec(line) ?? [];
    if (address === undefined || octets === undefined) continue;
    const words = octets.trim().split(" ");
    const bytes = words.map((word) => {
      const read = Buffer.from(word, "hex");
      return isWords ? read.reverse() : read;
    });
    const mnemonic = rest.split(/\s/)[0] ?? "";
    found.push({ address: BigInt(`0x${address}`), bytes: Buffer.concat(bytes), mnemonic });
  }
  return found;
}

/** What binutils writes in another way, of the code here. The same instructions, all of them. */
const SPELLINGS: Readonly<Record<string, string>> = {
  "b.cs": "b.hs",
  "b.cc": "b.lo",
  cs: "nop",
  data16: "nop",
  sxtl: "sshll",
  push: "str",
  // Thumb's names of the wide forms.
  stmdb: "str",
  ldmia: "pop",
  xchg: "nop",
};

/** Thumb's suffixes say how wide the instruction is, which its length does too. */
function plain(mnemonic: string): string {
  const word = mnemonic.replace(/\.[nw]$/, "");
  return SPELLINGS[word] ?? word;
}

const PLAIN_DATA = new Set([".word", ".short", ".byte"]);

/** Code without the tables between it. */
function runsOf(listed: readonly Listed[]): readonly (readonly Listed[])[] {
  const runs: Listed[][] = [[]];
  for (const each of listed) {
    const last = runs.at(-1)?.at(-1);
    const isNext = last === undefined || last.address + BigInt(last.bytes.length) === each.address;
    if (PLAIN_DATA.has(each.mnemonic)) runs.push([]);
    else if (isNext) runs.at(-1)?.push(each);
    else runs.push([each]);
  }
  return runs.filter(({ length }) => length > 0);
}

describe("the disassembler", () => {
  for (const [code, file, isWords] of [
    ["X86_64", "x86-64", false],
    ["AARCH64", "aarch64", true],
    ["ARM", "arm", true],
    ["THUMB", "thumb", true],
  ] as const)
    it(`reads ${file} code as objdump does, each instruction where it begins and ends`, async () => {
      const expected = await listing(file, isWords);
      const disassembler = await disassemblerFor(code satisfies Code);
      assert.ok(expected.length > 180);
      const differing: string[] = [];
      for (const run of runsOf(expected)) {
        const bytes = Buffer.concat(run.map((each) => each.bytes));
        // All at once: what Thumb's `it` says holds for the instructions behind it.
        const found = disassembler.decode(bytes, run[0]?.address ?? 0n, run.length);
        assert.deepEqual(
          found.map((each) => [each.address, each.bytes.length]),
          run.map((each) => [each.address, each.bytes.length]),
        );
        for (const [index, { mnemonic }] of run.entries()) {
          const word = found[index]?.mnemonic.split(" ")[0] ?? "";
          if (plain(mnemonic) !== plain(word)) differing.push(`${mnemonic} is ${word}`);
        }
      }
      assert.deepEqual([...new Set(differing)], []);
    });

  it("says nothing of bytes that are no instruction", async () => {
    const disassembler = await disassemblerFor("X86_64");
    assert.deepEqual(disassembler.decode(Uint8Array.of(0x06, 0x06), 0n, 8), []);
    assert.deepEqual(disassembler.decode(new Uint8Array(0), 0n, 8), []);
  });
});
