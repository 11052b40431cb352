import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { openTree } from "../../../src/archive/index.ts";
import { searchMemory, startSearch } from "../../../src/memory/index.ts";
import type {
  CheckpointMemory,
  MemoryMatch,
  MemoryQuery,
  MemorySearchOptions,
} from "../../../src/memory/index.ts";
import { sealWith } from "../checkpoint/support.ts";
import { fixture } from "../fixtures.ts";
import { MADE_PID, message, PAGE, withMade, withMemory, withMemoryOf } from "./support.ts";

const run = promisify(execFile);

async function search(
  memory: CheckpointMemory,
  query: MemoryQuery,
  options: MemorySearchOptions = {},
): Promise<readonly MemoryMatch[]> {
  const matches: MemoryMatch[] = [];
  for await (const step of searchMemory([memory], query, { threads: 1, context: 16, ...options }))
    matches.push(...step.matches());
  return matches;
}

const text = (wanted: string, matchCase = true): MemoryQuery => ({
  kind: "text",
  text: wanted,
  encoding: "utf-8",
  matchCase,
});
const regex = (wanted: string): MemoryQuery => ({ kind: "regex", text: wanted, matchCase: true });
const addresses = (matches: readonly MemoryMatch[]): string[] =>
  matches.map(({ address }) => address.toString(16));

const START = 0x10000n;
const vma = (first: number, last: number, prot = 3) => ({
  start: START + BigInt(first * PAGE),
  end: START + BigInt(last * PAGE),
  prot,
});
const entry = (page: number, pages: number, flags = 4) =>
  message([1, START + BigInt(page * PAGE)], [2, 0], [4, flags], [5, pages]);
const at = (page: number, offset: number): string => (START + BigInt(page * PAGE + offset)).toString(16);

/** Pages of nothing with texts at offsets. */
function pagesWith(count: number, ...texts: readonly (readonly [offset: number, text: string])[]): Buffer {
  const pages = Buffer.alloc(count * PAGE, 0x11);
  for (const [offset, content] of texts) pages.write(content, offset, "latin1");
  return pages;
}

describe("searching memory", function () {
  // Workers that read TypeScript take a while to start.
  this.timeout(60_000);

  it("finds in the pages what grep finds there", async () => {
    await withMemory("corpus/c-shmem", "img", async (memory, folder) => {
      const images = (await readdir(join(folder, "img"))).filter((name) => /^pages-\d+\.img$/.test(name));
      for (const wanted of ["shared anon", "GNU", "cow base", "/usr/", "no such text at all"]) {
        const matches = await search(memory, text(wanted));
        const paths = images.map((name) => join(folder, "img", name));
        const { stdout } = await run("grep", ["-aobhF", wanted, ...paths], {
          env: { LC_ALL: "C" },
          maxBuffer: 1 << 26,
        }).catch(() => ({ stdout: "" }));
        assert.equal(matches.length, stdout.split("\n").filter((line) => line !== "").length, wanted);
      }
    });
  });

  it("gives shared memory once, with everyone who maps it", async () => {
    await withMemory("corpus/c-shmem", "img", async (memory) => {
      const [match, ...others] = await search(memory, text("shared anon"), {
        filter: { kinds: new Set(["shared"]) },
      });
      assert.ok(match);
      assert.deepEqual(others, []);
      assert.deepEqual(match.sightings.map(({ pid }) => pid).sort(), [...memory.pids].sort());
    });
  });

  it("doesn't say of a page that a process wrote to that it is still the file's", async () => {
    const root = await mkdtemp(join(tmpdir(), "mapped-"));
    try {
      // Four processes map it twice; in the private mappings the third page was written to.
      const file = Buffer.alloc(32768, 0x11);
      for (const page of [1, 2]) file.write(`page ${page} of the file`, page * PAGE + 100);
      await mkdir(join(root, "tmp/lab/fx/c-shmem"), { recursive: true });
      await writeFile(join(root, "tmp/lab/fx/c-shmem/mapped.bin"), file);
      const tree = await openTree(root);
      const folder = await fixture("corpus/c-shmem");
      await withMemoryOf(
        join(folder, "img"),
        async (memory) => {
          for (const [page, mappings] of [
            [1, ["rw-p", "rw-s"]],
            [2, ["rw-s"]],
          ] as const) {
            const [match, ...others] = await search(memory, text(`page ${page} of the file`));
            assert.ok(match);
            assert.deepEqual(others, []);
            const seen = new Set<string>();
            for (const { pid, address } of match.sightings) {
              const space = await memory.space(pid);
              assert.equal(
                Buffer.from(await space.readBytes(address, 18)).toString(),
                `page ${page} of the file`,
              );
              seen.add(space.areaAt(address)?.permissions ?? "");
            }
            assert.deepEqual([...seen].toSorted(), mappings);
            assert.equal(match.sightings.length, 4 * mappings.length);
          }
        },
        { root: tree },
      );
      await tree.close();
    } finally {
      await rm(root, { recursive: true });
    }
  });

  it("doesn't search what lies behind a pages file that is too short, in an archive of them", async () => {
    const dump = {
      vmas: [vma(0, 6)],
      pagemap: [entry(0, 1), entry(2, 4)],
      pages: pagesWith(1, [100, "NEEDLE"]),
      more: { "stats-dump": pagesWith(8, [PAGE, "NEEDLE"], [3 * PAGE, "NEEDLE"]) },
    };
    await withMade(dump, async (folder) => {
      const archive = join(folder, "made.tar");
      const names = (await readdir(folder)).filter((name) => name !== "pages-1.img" && name !== "stats-dump");
      await run("tar", ["-C", folder, "-cf", archive, ...names, "pages-1.img", "stats-dump"]);
      for (const path of [folder, archive])
        await withMemoryOf(path, async (memory) => {
          assert.deepEqual(addresses(await search(memory, text("NEEDLE"))), [at(0, 100)], path);
        });
    });
  });

  it("finds what spans pages that lie apart in the pages file, or in several layers", async () => {
    // Entries in disorder: page 1 comes first in the file.
    const pages = Buffer.concat([pagesWith(1, [0, "WORLD"]), pagesWith(1, [PAGE - 5, "HELLO"])]);
    await withMade({ vmas: [vma(0, 2)], pagemap: [entry(1, 1), entry(0, 1)], pages }, (folder) =>
      withMemoryOf(folder, async (memory) => {
        assert.deepEqual(addresses(await search(memory, text("HELLOWORLD"))), [at(0, PAGE - 5)]);
        assert.deepEqual(addresses(await search(memory, regex("HEL+OW"))), [at(0, PAGE - 5)]);
      }),
    );
    await withMemory("sealed/incr-plain", "3", async (memory) => {
      // The first byte is of page 4, which is zero; MARKER begins page 5; page 1 of layer 1 follows page 0 of layer 3.
      const [match] = await search(memory, { kind: "regex", text: "\\0E{8}", matchCase: true });
      assert.ok(match);
      assert.equal(match.address & 0xfffn, 0xfffn);
    });
  });

  it("doesn't find what only the order of the pages file puts together", async () => {
    const pages = pagesWith(2, [PAGE - 5, "HELLO"], [PAGE, "WORLD"]);
    await withMade({ vmas: [vma(0, 1), vma(5, 6)], pagemap: [entry(0, 1), entry(5, 1)], pages }, (folder) =>
      withMemoryOf(folder, async (memory) => {
        assert.deepEqual(await search(memory, text("HELLOWORLD")), []);
        assert.deepEqual(await search(memory, regex("HELLO.?WORLD")), []);
        assert.equal((await search(memory, text("WORLD"))).length, 1);
      }),
    );
  });

  it("finds what ends behind each of many short runs in memory that was never written, but not behind the mapping", async () => {
    const runs = 300;
    const pages = pagesWith(
      runs,
      ...Array.from({ length: runs }, (_, run) => [(run + 1) * PAGE - 3, "END"] as const),
    );
    // A page that was never written behind each run, but for the last, where the mapping ends.
    const pagemap = Array.from({ length: runs }, (_, run) => entry(2 * run, 1));
    await withMade({ vmas: [vma(0, 2 * runs - 1)], pagemap, pages }, (folder) =>
      withMemoryOf(folder, async (memory) => {
        const wanted = Array.from({ length: runs - 1 }, (_, run) => at(2 * run, PAGE - 3));
        const integer: MemoryQuery = {
          kind: "integer",
          value: 0x444e45n,
          width: 4,
          endian: "little",
          aligned: false,
        };
        for (const query of [regex("END\\0{3}"), regex("END\\0{4000}"), integer])
          assert.deepEqual(addresses(await search(memory, query)), wanted);
        assert.equal((await search(memory, regex("END"))).length, runs);
      }),
    );
  });

  it("finds the same with threads that were started before its checkpoint was open", async () => {
    const pages = pagesWith(3, [PAGE, "HELLO"], [2 * PAGE + 9, "HELLO"]);
    await withMade({ vmas: [vma(0, 3)], pagemap: [entry(0, 3)], pages }, async (folder) => {
      const options = { threads: 2, context: 4, blocking: true };
      const pool = startSearch(text("HELLO"), options);
      const unused = startSearch(text("HELLO"), options);
      await withMemoryOf(folder, async (memory) => {
        const matches = await search(memory, text("HELLO"), { ...options, pool });
        assert.deepEqual(addresses(matches), [at(1, 0), at(2, 9)]);
        assert.equal(Buffer.from(matches[0]?.bytes ?? []).toString(), "HELLO");
      });
      // Closing what was closed, and what never searched, is no harm.
      await pool.close();
      await unused.close();
    });
  });

  it("lets a match end in memory that was never written", async () => {
    const pages = pagesWith(1, [PAGE - 3, "END"]);
    await withMade({ vmas: [vma(0, 2)], pagemap: [entry(0, 1)], pages }, (folder) =>
      withMemoryOf(folder, async (memory) => {
        const query: MemoryQuery = { kind: "hex", text: "45 4e 44 00 00" };
        assert.deepEqual(addresses(await search(memory, query)), [at(0, PAGE - 3)]);
      }),
    );
  });

  it("finds matches across the parts that it is done in, each once", async () => {
    const count = 4200;
    // 16.4 MiB: two jobs for bytes and five for others. One text lies over each border, one begins behind it.
    const borders = [4 << 20, 8 << 20, 16 << 20];
    const texts = borders.flatMap((border) => [
      [border - 3, "border"] as const,
      [border + 100, "border"] as const,
    ]);
    const pages = pagesWith(count, ...texts);
    await withMade({ vmas: [vma(0, count)], pagemap: [entry(0, count)], pages }, (folder) =>
      withMemoryOf(folder, async (memory) => {
        const expected = texts.map(([offset]) => (START + BigInt(offset)).toString(16));
        for (const options of [
          { threads: 2 },
          { threads: 1, blocking: true },
          { threads: 2, blocking: true },
        ])
          assert.deepEqual(addresses(await search(memory, text("border"), options)), expected);
        assert.deepEqual(addresses(await search(memory, regex("bo[r]der"), { threads: 2 })), expected);
        // Look-behind sees over the border too.
        assert.deepEqual(addresses(await search(memory, regex("(?<=bor)der"))).length, 6);
        assert.equal((await search(memory, regex("^\\x11"))).length, 1);
        assert.equal((await search(memory, { kind: "strings", min: 6, encoding: "ascii" })).length, 6);
      }),
    );
  });

  it("takes cases, wildcards, UTF-16, integers and pointers", async () => {
    const pages = pagesWith(
      1,
      [100, "CamelCASE"],
      [200, "w\0i\0d\0e\0"],
      [251, "\0B\0i\0g\0\xc9"],
      [300, "\x01\x02\x03\x04\x05\x06\x07\x08"],
    );
    pages.writeBigUInt64LE(0x7fff12345678n, 512);
    pages.writeInt32LE(-2, 601);
    pages.write("école", 400);
    await withMade({ vmas: [vma(0, 1)], pagemap: [entry(0, 1)], pages }, (folder) =>
      withMemoryOf(folder, async (memory) => {
        const found = async (query: MemoryQuery) => addresses(await search(memory, query));
        assert.deepEqual(await found(text("camelcase", false)), [at(0, 100)]);
        assert.deepEqual(await found(text("camelcase")), []);
        assert.deepEqual(await found(text("ÉCOLE", false)), [at(0, 400)]);
        assert.deepEqual(await found({ kind: "hex", text: "02 ?? 04 0?" }), [at(0, 301)]);
        const wide = { kind: "text", text: "WIDE", encoding: "utf-16le", matchCase: false } as const;
        assert.deepEqual(await found(wide), [at(0, 200)]);
        const big = { kind: "text", encoding: "utf-16be" } as const;
        assert.deepEqual(await found({ ...big, text: "BigÉ", matchCase: true }), [at(0, 251)]);
        assert.deepEqual(await found({ ...big, text: "bIGé", matchCase: true }), []);
        for (const folded of ["bIGé", "bIG"])
          assert.deepEqual(await found({ ...big, text: folded, matchCase: false }), [at(0, 251)]);
        assert.deepEqual(await found({ ...wide, text: "BigÉ" }), []);
        const number = { kind: "integer", endian: "little", width: 4 } as const;
        assert.deepEqual(await found({ ...number, value: 0x04030201n, aligned: true }), [at(0, 300)]);
        assert.deepEqual(await found({ ...number, value: 0x05040302n, aligned: true }), []);
        assert.deepEqual(await found({ ...number, value: 0x05040302n, aligned: false }), [at(0, 301)]);
        assert.deepEqual(await found({ ...number, value: -2n, aligned: false }), [at(0, 601)]);
        const pointer = { kind: "pointer", start: 0x7fff00000000n, end: 0x7fff20000000n } as const;
        assert.deepEqual(await found(pointer), [at(0, 512)]);
        await assert.rejects(found({ ...number, width: 1, value: 256n, aligned: false }), {
          code: "memory.badQuery",
        });
      }),
    );
  });

  it("keeps to the pids, addresses, protections and kinds that it is asked for", async () => {
    const pages = pagesWith(3, [0, "MARK"], [PAGE, "MARK"], [2 * PAGE, "MARK"]);
    const vmas = [vma(0, 1, 3), vma(1, 2, 5), vma(2, 3, 1)];
    await withMade({ vmas, pagemap: [entry(0, 3)], pages }, (folder) =>
      withMemoryOf(folder, async (memory) => {
        const with_ = async (filter: MemorySearchOptions["filter"]) =>
          addresses(await search(memory, text("MARK"), { filter: filter ?? {} }));
        assert.deepEqual(await with_({}), [at(0, 0), at(1, 0), at(2, 0)]);
        assert.deepEqual(await with_({ protection: "w" }), [at(0, 0)]);
        assert.deepEqual(await with_({ protection: "r-x" }), [at(1, 0)]);
        assert.deepEqual(await with_({ protection: "r--" }), [at(2, 0)]);
        assert.deepEqual(await with_({ range: { start: vma(1, 2).start, end: vma(1, 2).end } }), [at(1, 0)]);
        assert.deepEqual(await with_({ kinds: new Set(["stack"]) }), []);
        assert.deepEqual(await with_({ pids: new Set([MADE_PID]) }), [at(0, 0), at(1, 0), at(2, 0)]);
        await assert.rejects(with_({ pids: new Set([99]) }), { code: "memory.noProcess" });
      }),
    );
    await withMemory("sealed/incr-plain", "3", async (memory) => {
      const dirty = await search(memory, text("MARKER-"), { filter: { dirty: true } });
      const all = await search(memory, text("MARKER-"));
      assert.ok(dirty.length > 0 && dirty.length <= all.length);
      // Two pages of this letter, that only the oldest layer has.
      const letters = regex("E{4000}");
      assert.equal((await search(memory, letters)).length, 2);
      assert.equal((await search(memory, letters, { filter: { dirty: true } })).length, 0);
    });
  });

  it("stops at its limit, and when it is cancelled", async () => {
    await withMemory("corpus/c-shmem", "img", async (memory) => {
      assert.equal((await search(memory, text("GNU"), { limit: 3 })).length, 3);
      const { signal } = (() => {
        const controller = new AbortController();
        controller.abort();
        return controller;
      })();
      await assert.rejects(search(memory, text("GNU"), { signal }), { name: "AbortError" });
    });
  });

  it("ends a regular expression that backtracks for ever, with what to do", async () => {
    const pages = Buffer.alloc(PAGE, "a");
    await withMade({ vmas: [vma(0, 1)], pagemap: [entry(0, 1)], pages }, (folder) =>
      withMemoryOf(folder, async (memory) => {
        await assert.rejects(search(memory, regex("(a+)+b"), { timeLimit: 3000 }), {
          code: "memory.searchTooSlow",
          next: /simpler/,
        });
      }),
    );
  });

  it("opens sealed and compressed pages", async () => {
    // Each once: the two dumps were not made at the same moment, and the stack has traces of more or less.
    const found = async (memory: CheckpointMemory) => {
      const matches = await search(memory, regex("MARKER-[A-Z]+"));
      return [...new Set(matches.map(({ bytes }) => Buffer.from(bytes).toString("latin1")))].sort();
    };
    const plain = await withMemory("sealed/simple-enc", "plain", found);
    const sealFor = await sealWith("key1.pkcs8.pem");
    assert.deepEqual(await withMemory("sealed/simple-enc", "enc", found, { sealFor }), plain);
    assert.ok(plain.length > 5);
    const uncompressed = await withMemory("memory/pages-compressed", "plain", found);
    assert.deepEqual(await withMemory("memory/pages-compressed", "p3-block64k-padded", found), uncompressed);
  });

  it("gives the bytes around a match", async () => {
    const pages = pagesWith(1, [100, "before-MATCH-behind"]);
    await withMade({ vmas: [vma(0, 1)], pagemap: [entry(0, 1)], pages }, (folder) =>
      withMemoryOf(folder, async (memory) => {
        const [match] = await search(memory, text("MATCH"), { context: 7 });
        assert.deepEqual(
          [match?.before, match?.bytes, match?.after].map((bytes) => Buffer.from(bytes ?? []).toString()),
          ["before-", "MATCH", "-behind"],
        );
      }),
    );
  });
});
