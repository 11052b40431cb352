import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { searchMemory } from "../../../src/memory/index.ts";
import { image, MADE_PID, message, originsAt, textAt, withMade, withMemoryOf } from "./support.ts";

// Made, for what the real dumps of test/unit/checkpoint/machines.test.ts don't have: guards, no auxiliary vector.

const AT_PAGESZ = 6;
const AARCH64 = 3;
const STATUS = { regular: 1 << 0, vdso: 1 << 3, private: 1 << 9, vvar: 1 << 12, guard: 1 << 16 };
const MAGIC = { core: 0x55053847, mm: 0x57492820 };

/** Four areas of an AArch64 process: data, a guard below a stack, vvar and vdso. */
async function withPages<T>(
  pageSize: number,
  auxv: boolean,
  use: Parameters<typeof withMemoryOf<T>>[1],
): Promise<T> {
  const page = BigInt(pageSize);
  const at = (first: bigint, last: bigint, status: number) => ({
    start: 0x400000n + first * page,
    end: 0x400000n + last * page,
    status: STATUS.regular | status,
  });
  const vmas = [
    at(0n, 2n, STATUS.private),
    at(4n, 8n, STATUS.private),
    at(8n, 9n, STATUS.vvar),
    at(9n, 10n, STATUS.vdso),
    at(4n, 5n, STATUS.guard),
  ];
  const entry = (first: bigint, pages: number) =>
    message([1, 0x400000n + first * page], [2, 0], [4, 4], [5, pages]);
  const pages = Buffer.concat(["a", "b", "c", "d"].map((letter) => Buffer.alloc(pageSize, letter)));
  pages.write("needle", pageSize - 3);
  return withMade(
    { vmas, pagemap: [entry(0n, 1), entry(1n, 1), entry(6n, 1), entry(9n, 1)], pages },
    async (folder) => {
      await writeFile(join(folder, `core-${MADE_PID}.img`), image(MAGIC.core, [message([1, AARCH64])]));
      const numbers = Array.from({ length: 12 }, (_, index): readonly [number, number] => [index + 1, 0]);
      const entries = vmas.map(({ start, end, status }) =>
        message([1, start], [2, end], [3, 0], [4, 0], [5, 3], [6, 0x22], [7, status], [8, 0]),
      );
      const saved = auxv
        ? [AT_PAGESZ, pageSize, 0, 0].map((word): readonly [number, number] => [13, word])
        : [];
      const mm = message(
        ...numbers,
        ...saved,
        ...entries.map((vma): readonly [number, Uint8Array] => [14, vma]),
      );
      await writeFile(join(folder, `mm-${MADE_PID}.img`), image(MAGIC.mm, [mm]));
      return withMemoryOf(folder, use);
    },
  );
}

describe("pages of 16 and 64 KiB (made images of an AArch64 machine)", () => {
  for (const size of [16384, 65536])
    for (const auxv of [true, false])
      it(`are found from ${auxv ? "the auxiliary vector" : "how mappings lie"}, ${size / 1024} KiB`, () =>
        withPages(size, auxv, async (memory) => {
          const space = await memory.space(MADE_PID);
          assert.equal(space.pageSize, size);
          const page = BigInt(size);
          assert.equal(await textAt(space, 0x400000n + 6n * page, 4), "cccc");
          assert.deepEqual(await originsAt(space, 0x400000n, 10 * size), [
            "dumped",
            "dumped",
            "unmapped",
            "guard",
            "zero",
            "dumped",
            "zero",
            "kernel",
            "dumped",
          ]);
          const found: bigint[] = [];
          const query = { kind: "text", text: "needle", encoding: "utf-8", matchCase: true } as const;
          for await (const step of searchMemory([memory], query, { threads: 1 }))
            found.push(...step.matches().map(({ address }) => address));
          assert.deepEqual(found, [0x400000n + page - 3n]);
        }));
});
