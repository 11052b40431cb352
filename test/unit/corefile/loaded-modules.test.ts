import assert from "node:assert/strict";
import { bufferSource } from "../../../src/bytes/index.ts";
import type { ByteSource } from "../../../src/bytes/index.ts";
import { loadedModules } from "../../../src/corefile/index.ts";
import type { Area } from "../../../src/memory/index.ts";
import { areaOf, processOf } from "./core-space.ts";

const PAGE = 4096n;
const COUNT = 100_000;
/** Flags of a segment. */
const [R, X, W] = [4, 5, 6];

/** Offset, address and size in the file of the segments of Node 24.21.0 for x64, as readelf tells them. */
const NODE_24: readonly Segment[] = [
  { flags: R, offset: 0x0n, address: 0x400000n, size: 0x345de0n },
  { flags: X, offset: 0x346000n, address: 0x746000n, size: 0x2200n },
  { flags: X, offset: 0x34a000n, address: 0x74a000n, size: 0x28f9394n },
  { flags: X, offset: 0x2e00000n, address: 0x3200000n, size: 0x6a1n },
  { flags: R, offset: 0x2e01000n, address: 0x3201000n, size: 0x394f63an },
  { flags: W, offset: 0x67515d8n, address: 0x6b525d8n, size: 0x29f08n },
];
/** Its mappings of that file with one worker, as `/proc/PID/maps` told them: the last two are the code of V8's isolates. */
const NODE_24_MAPS: readonly Area[] = [
  areaOf(0x400000n, 0x746000n, R, 0x0n),
  areaOf(0x746000n, 0x749000n, X, 0x346000n),
  areaOf(0x74a000n, 0x3044000n, X, 0x34a000n),
  areaOf(0x3200000n, 0x3201000n, X, 0x2e00000n),
  areaOf(0x3201000n, 0x6b51000n, R, 0x2e01000n),
  areaOf(0x6b52000n, 0x6b56000n, R, 0x6751000n),
  areaOf(0x6b56000n, 0x6b7d000n, W, 0x6755000n),
  areaOf(0x7fd853dc0000n, 0x7fd853fc5000n, X, 0x1627000n),
  areaOf(0x7fd88a580000n, 0x7fd88a785000n, X, 0x1627000n),
];
/** Where nm has `Builtins_InterpreterEntryTrampoline`, and the place in it that both threads' stacks return to. */
const TRAMPOLINE = 0x1a34580n;
const RETURNS = 0xd4n;

describe("the module of an address", () => {
  it("is found among 100,000 mappings without looking at all of them", async () => {
    const areas = Array.from({ length: COUNT }, (_, index): Area => {
      const start = BigInt(index) * 2n * PAGE;
      return areaOf(start, start + PAGE, 5, 0n);
    });
    let looks = 0;
    const counted = new Proxy(areas, {
      get(target, key, receiver): unknown {
        if (typeof key === "string" && /^[0-9]+$/.test(key)) looks++;
        return Reflect.get(target, key, receiver);
      },
    });
    const { memory, space } = processOf({ machine: 62, notes: [], segments: [] }, undefined);
    const modules = loadedModules(memory, { ...space, areas: counted });
    for (const index of [0, 1, 4_711, COUNT - 1]) {
      looks = 0;
      // No file is here, and no bytes: there is nothing to be said of the module.
      assert.equal(await modules.at(BigInt(index) * 2n * PAGE + 5n), undefined);
      assert.ok(looks > 0 && looks < 50, `${looks} looks`);
      assert.equal(await modules.at((BigInt(index) * 2n + 1n) * PAGE), undefined);
    }
    await modules.close();
  });

  it("is a loading of its own for each of two isolates of V8 whose code lies within a gigabyte", async () => {
    const { memory, space } = processOf({ machine: 62, notes: [], segments: [] }, program(NODE_24));
    const modules = loadedModules(memory, { ...space, areas: NODE_24_MAPS });
    const linked = async (address: bigint): Promise<bigint | undefined> => {
      const module = await modules.at(address);
      return module && address - module.bias;
    };
    // Return addresses of the worker's and of the main thread's stack, and the program's own code.
    assert.equal(await linked(0x7fd853dcd654n), TRAMPOLINE + RETURNS);
    assert.equal(await linked(0x7fd88a58d654n), TRAMPOLINE + RETURNS);
    for (const address of [0x746000n, 0xe34aacn, 0x3200010n, 0x6b53000n, 0x6b60000n])
      assert.equal(await linked(address), address);
    assert.deepEqual(
      (await modules.all()).map(({ bias }) => bias),
      [0n, 0x7fd853dc0000n - 0x1a27000n, 0x7fd88a580000n - 0x1a27000n],
    );
    await modules.close();
  });

  it("is not parted where segments of code share a page of the file", async () => {
    const segments = [
      { flags: R, offset: 0x0n, address: 0x0n, size: 0x600n },
      { flags: X, offset: 0x600n, address: 0x1600n, size: 0x1200n },
      { flags: X, offset: 0x1800n, address: 0x3800n, size: 0x400n },
      { flags: W, offset: 0x1c00n, address: 0x4c00n, size: 0x100n },
    ];
    const areas = [
      areaOf(0x7f0000000000n, 0x7f0000001000n, R, 0x0n),
      areaOf(0x7f0000001000n, 0x7f0000003000n, X, 0x0n),
      areaOf(0x7f0000003000n, 0x7f0000004000n, X, 0x1000n),
      areaOf(0x7f0000004000n, 0x7f0000005000n, W, 0x1000n),
    ];
    const { memory, space } = processOf({ machine: 62, notes: [], segments: [] }, program(segments));
    const modules = loadedModules(memory, { ...space, areas });
    for (const area of areas)
      assert.equal((await modules.at(area.start + 0xc10n))?.bias, 0x7f0000000000n, area.permissions);
    await modules.close();
  });
});

interface Segment {
  readonly flags: number;
  readonly offset: bigint;
  readonly address: bigint;
  readonly size: bigint;
}

/** The start of a 64-bit ELF program with these segments, and nothing behind its program headers (System V gABI). */
function program(segments: readonly Segment[]): ByteSource {
  const bytes = Buffer.alloc(64 + 56 * segments.length);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  bytes.writeUInt16LE(2, 16);
  bytes.writeUInt16LE(62, 18);
  bytes.writeUInt32LE(1, 20);
  bytes.writeBigUInt64LE(64n, 32);
  bytes.writeUInt16LE(64, 52);
  bytes.writeUInt16LE(56, 54);
  bytes.writeUInt16LE(segments.length, 56);
  for (const [index, { flags, offset, address, size }] of segments.entries()) {
    const at = 64 + 56 * index;
    bytes.writeUInt32LE(1, at);
    bytes.writeUInt32LE(flags, at + 4);
    for (const [word, value] of [offset, address, address, size, size, PAGE].entries())
      bytes.writeBigUInt64LE(value, at + 8 + word * 8);
  }
  return bufferSource(bytes);
}
