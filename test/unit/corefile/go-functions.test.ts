import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { bufferSource } from "../../../src/bytes/index.ts";
import { openGoFunctions } from "../../../src/corefile/elf/go-functions.ts";
import { openElfFile } from "../../../src/corefile/elf/elf-file.ts";
import { fixture } from "../fixtures.ts";

describe("a stripped program of Go", () => {
  let program: Buffer;
  /** Address, function, and file with line, of `go tool addr2line` on the program before it was stripped. */
  let told: readonly (readonly [string, string, string])[];

  before(async () => {
    const folder = await fixture("unwind/go");
    program = await readFile(join(folder, "stripped"));
    told = JSON.parse(await readFile(join(folder, "addr2line.json"), "utf8")) as typeof told;
  });

  it("has the functions and lines that Go's addr2line has", async () => {
    const elf = await openElfFile(bufferSource(program));
    assert.ok(elf);
    const functions = openGoFunctions(elf);
    assert.ok(told.length > 100);
    for (const [address, name, place] of told) {
      const found = await functions.at(BigInt(address));
      assert.equal(found?.name, name, address);
      const { path = "", line = 0 } = found.source ?? {};
      assert.equal(`${path}:${line}`, place, address);
      assert.ok(found.depth !== undefined && found.depth >= 0 && found.depth < 65_536);
    }
    for (const nowhere of [0n, 1n << 63n, 0x40_0000n]) assert.equal(await functions.at(nowhere), undefined);
  });

  it("whose table was tampered with has fewer, and never an error nor an endless loop", async () => {
    const sound = await openElfFile(bufferSource(program));
    const section = sound?.section(".gopclntab");
    assert.ok(section);
    for (let seed = 1; seed <= 30; seed++) {
      const bytes = Buffer.from(program);
      let state = Math.imul(seed, 2_654_435_761) >>> 0;
      const within = seed % 2 === 0 ? 128 : section.size;
      for (let count = 0; count < 60; count++) {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        bytes[section.offset + (state % within)] = state >>> 24;
      }
      const elf = await openElfFile(bufferSource(bytes));
      assert.ok(elf);
      const functions = openGoFunctions(elf);
      for (const [address] of told.slice(0, 40)) await functions.at(BigInt(address));
    }
  });
});
