// What a window of a debugger asks again and again: it should cost once.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { bufferSource } from "../../../src/bytes/index.ts";
import { openDebugInfo } from "../../../src/corefile/dwarf/info/index.ts";
import { ownName } from "../../../src/corefile/dwarf/info/name-index.ts";
import { openLines } from "../../../src/corefile/dwarf/lines.ts";
import { openElfFile } from "../../../src/corefile/elf/elf-file.ts";
import type { ElfFile } from "../../../src/corefile/elf/elf-file.ts";
import { openSymbols } from "../../../src/corefile/elf/symbols.ts";
import type { ElfSymbol } from "../../../src/corefile/elf/symbols.ts";
import { fixture } from "../fixtures.ts";

describe("a question that a debugger repeats", () => {
  let read = 0;

  /** A program whose reads are counted. */
  async function program(name: string): Promise<ElfFile> {
    const bytes = bufferSource(await readFile(join(await fixture("unwind/locals"), name)));
    const elf = await openElfFile({
      size: bytes.size,
      read: (offset, length) => {
        read += length;
        return bytes.read(offset, length);
      },
    });
    assert.ok(elf);
    return elf;
  }

  it("for a name that no unit has reads the units once", async () => {
    const elf = await program("cpp-O0");
    const info = openDebugInfo(elf, openLines(elf));
    read = 0;
    assert.equal(await info.named("no_such_name"), undefined);
    const first = read;
    assert.ok(first > 10_000, `${first} bytes`);
    read = 0;
    for (const name of ["another", "a::third", "fourth<int>"]) {
      assert.equal(await info.named(name), undefined);
      assert.equal(await info.type(name, 0n), undefined);
    }
    assert.ok(read < first / 100, `${read} bytes`);
  });

  it("for a name that a unit has finds it, with and without its namespaces", async () => {
    const elf = await program("cpp-O0");
    const info = openDebugInfo(elf, openLines(elf));
    const square = await info.type("Square", 0n);
    assert.match(square?.name ?? "", /Square/);
    assert.equal((await info.type("shapes::Square", 0n))?.size, square?.size);
    const plain = await program("c-O0-v4");
    const variable = await openDebugInfo(plain, openLines(plain)).named("global_number");
    assert.equal(variable?.name, "global_number");
  });

  it("for the lines of neighbouring instructions runs their program once", async () => {
    const elf = await program("c-O0-v4");
    const { address, size } = (await symbolOf(elf, "main")) ?? {};
    assert.ok(address !== undefined && size !== undefined && size > 32n);
    const lines = openLines(elf);
    const first = await lines.at(address);
    assert.match(first?.path ?? "", /data\.c$/);
    read = 0;
    const seen = new Set<number>();
    for (let at = address + 1n; at < address + size; at++) seen.add((await lines.at(at))?.line ?? 0);
    assert.ok(seen.size > 3);
    assert.equal(read, 0);
  });

  it("for the functions of a thousand addresses reads the table of symbols once", async () => {
    const elf = await program("c-O0-v4");
    const symbols = openSymbols(elf);
    const functions = functionsOf(await readFile(join(await fixture("unwind/locals"), "c-O0-v4")));
    assert.ok(functions.length > 1000, `${functions.length} functions`);
    read = 0;
    for (const { address, size } of functions.slice(0, 1000)) {
      for (const within of [address, address + size - 1n]) {
        const found = await symbols.at(within);
        assert.ok(found && found.address <= within && within < found.address + found.size, `${within}`);
        // Nothing that begins behind it has the address too.
        const inner = functions.filter((each) => each.address <= within && within < each.address + each.size);
        assert.ok(inner.every((each) => each.address <= found.address));
      }
      assert.notEqual((await symbols.at(address + size))?.address, address);
    }
    const table = elf.sections.find(({ name }) => name === ".symtab")?.size ?? 0;
    assert.ok(read < 40 * table, `${read} bytes read, the table has ${table}`);
    assert.equal(await symbols.at(-1n), undefined);
    assert.equal(await symbols.at((1n << 64n) - 1n), undefined);
  });

  it("is answered by the table for the linker where the other was stripped", async () => {
    const file = await readFile(join(await fixture("unwind/locals"), "c-O0-v4"));
    const sections = Number(file.readBigUInt64LE(40));
    const types = Array.from({ length: file.readUInt16LE(60) }, (_, index) => sections + index * 64 + 4);
    const whole = await openElfFile(bufferSource(file));
    const main = whole && (await openSymbols(whole).named("main"));
    assert.ok(main);
    // SHT_SYMTAB becomes SHT_DYNSYM, as if the linker's were the only one.
    for (const at of types) if (file.readUInt32LE(at) === 2) file.writeUInt32LE(11, at);
    const stripped = await openElfFile(bufferSource(file));
    assert.ok(stripped);
    assert.ok(stripped.sections.every(({ type }) => type !== 2));
    assert.equal((await openSymbols(stripped).at(main.address))?.name, "main");
  });

  it("takes a name apart at colons that are in no brackets", () => {
    assert.equal(ownName("a::b::Square<x::y<z::w>>"), "Square<x::y<z::w>>");
    assert.equal(ownName("plain"), "plain");
    assert.equal(ownName("::plain"), "plain");
  });
});

const symbolOf = (elf: ElfFile, name: string): Promise<ElfSymbol | undefined> => openSymbols(elf).named(name);

/** Functions that say their size, by the offsets of elf(5) and not by the code under test. */
function functionsOf(file: Buffer): readonly { readonly address: bigint; readonly size: bigint }[] {
  const sections = Number(file.readBigUInt64LE(40));
  const found: { address: bigint; size: bigint }[] = [];
  for (let index = 0; index < file.readUInt16LE(60); index++) {
    const section = sections + index * 64;
    if (file.readUInt32LE(section + 4) !== 2) continue;
    const [at, size] = [24, 32].map((field) => Number(file.readBigUInt64LE(section + field))) as [
      number,
      number,
    ];
    for (let entry = at; entry < at + size; entry += 24)
      if ((file.readUInt8(entry + 4) & 15) === 2 && file.readUInt16LE(entry + 6) !== 0)
        found.push({ address: file.readBigUInt64LE(entry + 8), size: file.readBigUInt64LE(entry + 16) });
  }
  return found.filter(({ size }) => size > 0n);
}
