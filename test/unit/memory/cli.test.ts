import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fixture } from "../fixtures.ts";
import { assertFitsSchema, runCommand } from "../run-command.ts";
import { message, PAGE, withMade } from "./support.ts";

const cryoscope = (...words: readonly string[]) => runCommand(words);
const valid = (schema: string, text: string) => assertFitsSchema(schema, JSON.parse(text));

describe("the command line's questions to memory", function () {
  this.timeout(60_000);
  let images = "";
  let elfcore = "";
  before(async () => {
    images = join(await fixture("corpus/c-memfd"), "img");
    elfcore = await fixture("memory/elfcore");
  });

  it("memory lists mappings, and dumps bytes as hexdump -C does", async () => {
    const list = await cryoscope("memory", images, "--pid", "16582");
    assert.match(list.out, /^7fce1ceaa000-7fce1ceba000 +rw-s +64 +8 .* memfd +\/memfd:lab-memfd/m);
    const dump = await cryoscope(
      "memory",
      images,
      "--pid",
      "16582",
      "--address",
      "0x7fce1ceaa000",
      "--length",
      "64",
    );
    assert.equal(
      dump.out,
      [
        "7fce1ceaa000  6d 65 6d 66 64 2d 63 6f  6e 74 65 6e 74 73 00 00  |memfd-contents..|",
        "7fce1ceaa010  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|",
        "*",
        "7fce1ceaa040\n",
      ].join("\n"),
    );
    assert.equal(dump.code, 0);
  });

  it("memory writes a range into a file, and says what is missing", async () => {
    const folder = await mkdtemp(join(tmpdir(), "memory-"));
    try {
      const file = join(folder, "code");
      const range = ["--pid", "1", "--address", "0x402000", "--length", "8192", "-o", file];
      const without = await cryoscope("memory", join(elfcore, "img"), ...range);
      assert.equal(without.code, 1);
      assert.match(without.err, /8192 of 8192 bytes/);
      const with_ = await cryoscope(
        "memory",
        join(elfcore, "img"),
        ...range,
        "--sysroot",
        join(elfcore, "root"),
      );
      assert.equal(with_.code, 0);
      const program = await readFile(join(elfcore, "root/threads"));
      assert.ok(program.subarray(0x2000, 0x4000).equals(await readFile(file)));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it("print JSON as their schemas say", async () => {
    const pid = ["--pid", "16582"];
    await valid("memory", (await cryoscope("memory", images, ...pid, "--json")).out);
    const bytes = await cryoscope(
      "memory",
      images,
      ...pid,
      "--address",
      "0x7fce1ceb0000",
      "--length",
      "70000",
      "--json",
    );
    await valid("memory", bytes.out);
    await valid("modules", (await cryoscope("modules", images, "--json")).out);
    await valid("search", (await cryoscope("search", images, "memfd", "--json", "--threads", "1")).out);
    await valid(
      "search",
      (await cryoscope("search", images, "memfd", "--json", "--count", "--threads", "1")).out,
    );
    await valid("secrets", (await cryoscope("secrets", images, "--json", "--threads", "1")).out);
    const [line = ""] = (await cryoscope("strings", images, "--json", "--threads", "1")).out.split("\n", 1);
    await valid("strings", line);
  });

  it("search looks through several checkpoints, and counts", async () => {
    const other = join(await fixture("corpus/c-shmem"), "img");
    const { out } = await cryoscope("search", images, other, "feat\0shmem", "--threads", "1");
    assert.ok(out.includes(`${other}: 167`) && !out.includes(`${images}: `));
    const count = await cryoscope("search", images, "--hex", "5a5a5a5a", "--count", "--threads", "1");
    // A page of these bytes.
    assert.equal(count.out, "1024\n");
  });

  it("search takes text in UTF-16 of either order, as iconv writes it", async () => {
    // No zeros: text in one order is text in the other, one byte further, where a zero lies beside it.
    const pages = Buffer.alloc(PAGE, 0x11);
    for (const [order, offset] of [
      ["UTF-16LE", 100],
      ["UTF-16BE", 1001],
    ] as const)
      execFileSync("iconv", ["-f", "UTF-8", "-t", order], { input: "Grüße" }).copy(pages, offset);
    const start = 0x10000n;
    const vmas = [{ start, end: start + BigInt(PAGE) }];
    const pagemap = [message([1, start], [2, 0], [4, 4], [5, 1])];
    await withMade({ vmas, pagemap, pages }, async (folder) => {
      const found = async (text: string, ...options: readonly string[]): Promise<readonly string[]> => {
        const ended = await cryoscope("search", folder, text, "--utf16", "--threads", "1", ...options);
        return Array.from(ended.out.matchAll(/^7 (0x\w+)/gm), ([, address = ""]) => address);
      };
      assert.deepEqual(await found("Grüße"), ["0x10064"]);
      assert.deepEqual(await found("Grüße", "--big-endian"), ["0x103e9"]);
      assert.deepEqual(await found("gRÜ", "--big-endian"), []);
      assert.deepEqual(await found("gRÜ", "--big-endian", "-i"), ["0x103e9"]);
    });
  });

  it("refuse what makes no sense", async () => {
    for (const args of [
      ["memory", images],
      ["memory", images, "--pid", "x"],
      ["memory", images, "--pid", "1", "--length", "5"],
      ["search", images],
      ["search", images, "x", "--regex", "--hex"],
      ["search", images, "x", "--prot", "rwq"],
      ["search", images, "x", "--kind", "heaps"],
      ["search", images, "x", "--range", "5-2"],
      ["strings", images, "--encoding", "ebcdic"],
    ])
      assert.equal((await cryoscope(...args)).code, 2, args.slice(2).join(" "));
    const none = await cryoscope("memory", images, "--pid", "1");
    assert.equal(none.code, 3);
    assert.match(none.err, /no process 1/);
  });

  it("yara lists rules with their places, as text, as JSON and as a number", async () => {
    const rules = fileURLToPath(new URL("../../fixtures/memory/yara/rules.yar", import.meta.url));
    const redis = join(await fixture("corpus/d-redis"), "img");
    const text = await cryoscope("yara", redis, "--rules", rules, "--kind", "stack");
    assert.match(text.out, /^rules:RedisServer \[db,server\] 25634 redis-server\n {2}\$/m);
    assert.match(
      text.err,
      /^5 rules ask .* of each region alone, .*: rules:ElfImage, rules:ElfShared, .*, rules:UsesHidden$/m,
    );
    assert.equal(text.code, 1);
    const alone = await cryoscope("yara", redis, "--rules", rules, "--kind", "stack", "--each-region");
    assert.match(alone.out, /^rules:RedisServer \[db,server\] 25634 0x7ffd0d\w+ rw-p \[stack\]\n {2}\$/m);
    assert.equal(alone.err, "");
    const json = await cryoscope("yara", redis, "-r", rules, "--json");
    await valid("yara", json.out);
    const count = await cryoscope("yara", redis, "-r", rules, "--count");
    assert.equal(Number(count.out), (JSON.parse(json.out) as { readonly count: number }).count);
    const none = await cryoscope("yara", redis);
    assert.match(none.err, /--rules is missing/);
    const missing = await cryoscope("yara", redis, "-r", "/nowhere.yar");
    assert.match(missing.err, /cannot be read.*nowhere\.yar/s);
  });

  it("history and heap print tables, and JSON as their schemas say", async () => {
    const shell = join(await fixture("memory/history"), "times", "img");
    const typed = await cryoscope("history", shell);
    assert.match(typed.out, /^\d+ {6}1 {2}2026-[\d-]+T[\d:]+Z {2}echo one two three$/m);
    await valid("history", (await cryoscope("history", shell, "--json")).out);
    const folder = join(await fixture("memory/allocations"), "241", "img");
    const pid = /^mm-(\d+)\.img$/m.exec((await readdir(folder)).join("\n"))?.[1] ?? "";
    const heap = await cryoscope("heap", folder, "--pid", pid, "--chunks", "--state", "fastbin");
    assert.match(heap.out, /^ {2}0x\w+ +40 {2}fastbin\n/m);
    assert.match(heap.out, /^ {2}fastbin +3 chunks +144 bytes$/m);
    await valid("heap", (await cryoscope("heap", folder, "--pid", pid, "--json")).out);
    await valid("heap", (await cryoscope("heap", folder, "--pid", pid, "--chunks", "--json")).out);
    const none = await cryoscope("heap", images, "--pid", "16582");
    assert.match(`${none.code} ${none.err}`, /^1 Process 16582 has no heap/);
  });

  it("memory takes registers and symbols for addresses, as gdb knows them", async () => {
    const at = async (...place: readonly string[]): Promise<string> => {
      const ended = await cryoscope(
        ...["memory", join(elfcore, "img"), "--pid", "1", "--length", "8", "--address"],
        ...place,
      );
      return ended.out.split("\n")[0] ?? ended.err;
    };
    const root = ["--sysroot", join(elfcore, "root")];
    // gdb root/threads core.1: x/8xb &main, x/8xb &main+4, x/8xb $rip, x/8xb $rsp-16
    assert.match(await at("main", ...root), /^00401846 {2}55 48 89 e5 48 83 ec 20 /);
    assert.match(await at("threads!main+0x4", ...root), /^0040184a {2}48 83 ec 20 /);
    assert.match(await at("rip", ...root), /^0044403e {2}c3 90 41 57 41 56 4d 89 /);
    assert.match(await at("rsp-16"), /^7ffca83aae98 {2}40 a7 4b 00 00 00 00 00 /);
    const other = await cryoscope("memory", join(elfcore, "img"), "--pid", "1", "--address", "no_such");
    assert.match(`${other.code} ${other.err}`, /^2 .*"no_such" is none that is known here/);
  });
});
