import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bufferSource, compileQuery, openFileSource, searchBytes } from "../../../src/bytes/index.ts";
import type { ByteSource, Match, SearchOptions, SearchQuery } from "../../../src/bytes/index.ts";
import { fixture } from "../fixtures.ts";

const text = (value: string, matchCase = true): SearchQuery => {
  return { kind: "text", text: value, encoding: "utf-8", matchCase };
};
const hex = (value: string): SearchQuery => ({ kind: "hex", text: value });
const regex = (value: string, matchCase = true): SearchQuery => ({ kind: "regex", text: value, matchCase });

async function search(source: ByteSource, query: SearchQuery, options?: SearchOptions): Promise<Match[]> {
  const all: Match[] = [];
  for await (const { matches } of searchBytes(source, compileQuery(query), options)) all.push(...matches);
  return all;
}

const offsets = (matches: readonly Match[]) => matches.map(({ offset }) => offset);

/** Offsets that GNU grep gives for a Perl regular expression over the bytes of a file. */
function grep(file: string, pattern: string, ...options: string[]): number[] {
  const { status, stdout } = spawnSync("grep", ["-obUaP", ...options, "-e", pattern, file], {
    env: { ...process.env, LC_ALL: "C" },
    encoding: "latin1",
    maxBuffer: 1 << 26,
  });
  // 1 is "nothing found".
  assert.ok(status === 0 || status === 1, pattern);
  return [...stdout.matchAll(/^(\d+):/gm)].map(([, offset]) => Number(offset));
}

describe("searchBytes", () => {
  const folder = mkdtempSync(join(tmpdir(), "search-"));
  let pages: string;
  let source: ByteSource;

  before(async () => {
    const images = join(await fixture("corpus/a-single"), "img");
    pages = join(images, readdirSync(images).find((name) => name.startsWith("pages-")) ?? "");
    source = await openFileSource(pages);
  });
  after(async () => {
    await source.close?.();
    rmSync(folder, { recursive: true, force: true });
  });

  it("finds text in the memory of a process where grep finds it", async () => {
    for (const word of ["libc", "/usr/", "glibc.", "no such thing"])
      assert.deepEqual(offsets(await search(source, text(word))), grep(pages, `\\Q${word}\\E`), word);
  });

  it("finds text in either case where grep finds it", async () => {
    for (const word of ["READY", "Elf", "usr"])
      assert.deepEqual(offsets(await search(source, text(word, false))), grep(pages, word, "-i"), word);
  });

  it("finds hex with wildcards where grep finds it", async () => {
    // A newline ends a line for grep, so patterns whose wildcards could match one leave it out.
    const cases = [
      ["72 74 6c 64", "rtld"],
      ["7? 74 6c 6?", "[p-\\x7f]tl[`-o]"],
      ["2f6c69??2f", "/li[^]]/"],
      ["0x67,0x6C,0x69,0x62,0x63,0x2e,0x6?", "glibc\\.[`-o]"],
    ] as const;
    for (const [wanted, pattern] of cases)
      assert.deepEqual(offsets(await search(source, hex(wanted))), grep(pages, pattern), wanted);
  });

  it("finds regular expressions where grep finds them", async () => {
    for (const pattern of ["glibc\\.[a-z.]+", "lib[a-z]+\\.so(\\.\\d+)?", "\\b[A-Z]{4,8}=", "(?<=/)bin\\b"]) {
      const found = await search(source, regex(pattern));
      assert.deepEqual(offsets(found), grep(pages, pattern), pattern);
      assert.ok(found.length > 0, pattern);
    }
  });

  it("finds the same whatever the chunks are", async () => {
    const slice = { start: 0, end: 200_000 };
    for (const query of [text("lib"), text("LIB", false), hex("6c ?? 62"), regex("\\b[a-z]{3,}_\\w+\\b")]) {
      const whole = await search(source, query, { ...slice, chunk: 1 << 20 });
      for (const chunk of [1000, 4096, 65_537])
        assert.deepEqual(
          await search(source, query, { ...slice, chunk }),
          whole,
          `${query.text} by ${chunk}`,
        );
      assert.ok(whole.length > 0, query.text);
    }
  });

  it("gives the matches that begin in a range, also when they end after it", async () => {
    const bytes = bufferSource(Buffer.from("needle needle needle"));
    assert.deepEqual(offsets(await search(bytes, text("needle"), { start: 1, end: 8 })), [7]);
    assert.deepEqual(offsets(await search(bytes, text("needle"), { start: 1, end: 7 })), []);
  });

  it("gives matches that don't overlap, like grep", async () => {
    const file = join(folder, "a");
    writeFileSync(file, "aaaaaaa");
    assert.deepEqual(
      offsets(await search(bufferSource(Buffer.from("aaaaaaa")), text("aa"), { chunk: 3 })),
      grep(file, "aa"),
    );
  });

  it("looks for UTF-16 and for letters beyond ASCII in both cases", async () => {
    const words = "Straße ÉCOLE école Ωmega ωMEGA";
    const inUtf8 = bufferSource(Buffer.from(words));
    const bytesBefore = (word: string) => Buffer.byteLength(words.slice(0, words.indexOf(word)));
    assert.deepEqual(
      offsets(await search(inUtf8, text("École", false))),
      ["ÉCOLE", "école"].map(bytesBefore),
    );
    assert.deepEqual(
      offsets(await search(inUtf8, text("ωmega", false))),
      ["Ωmega", "ωMEGA"].map(bytesBefore),
    );
    for (const encoding of ["utf-16le", "utf-16be"] as const) {
      const bytes = Buffer.from(words, "utf16le");
      if (encoding === "utf-16be") bytes.swap16();
      const query = { kind: "text", text: "ÉCOLE", encoding } as const;
      const both = await search(bufferSource(bytes), { ...query, matchCase: false });
      assert.deepEqual(offsets(both), [words.indexOf("ÉCOLE") * 2, words.indexOf("école") * 2]);
      assert.equal((await search(bufferSource(bytes), { ...query, matchCase: true })).length, 1);
    }
  });

  it("stops at the limit and tells from where to go on", async () => {
    const bytes = bufferSource(Buffer.alloc(10_000, "ab"));
    const steps = [];
    for await (const step of searchBytes(bytes, compileQuery(text("b")), { limit: 10, chunk: 8 }))
      steps.push(step);
    assert.equal(steps.flatMap(({ matches }) => matches).length, 10);
    assert.equal(steps.at(-1)?.end, 20);
  });

  it("stops when it is told to", async () => {
    const controller = new AbortController();
    const run = async () => {
      for await (const { end } of searchBytes(source, compileQuery(text("x")), {
        chunk: 4096,
        signal: controller.signal,
      }))
        if (end >= 8192) controller.abort();
    };
    await assert.rejects(run(), { name: "AbortError" });
  });

  it("ends a regular expression that would take for ever", async () => {
    const started = performance.now();
    await assert.rejects(search(bufferSource(Buffer.alloc(4096, "a")), regex("(a+)+b")), {
      code: "bytes.searchTooSlow",
    });
    assert.ok(performance.now() - started < 10_000);
  });

  it("says what is wrong with a pattern", () => {
    for (const query of [hex("abc"), hex("?? ??"), hex("xy"), regex("("), regex("[é]"), text("")])
      assert.throws(() => compileQuery(query), { code: "bytes.badPattern" }, query.text);
  });
});
