import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CryoscopeError } from "../../../src/bytes/index.ts";
import { scanWithYara } from "../../../src/memory/index.ts";
import type { CheckpointMemory, YaraHit, YaraScanOptions } from "../../../src/memory/index.ts";
import { message, PAGE, withMade, withMemory, withMemoryOf } from "./support.ts";

const process = fileURLToPath(new URL("../../fixtures/memory/yara-process/", import.meta.url));
const folder = fileURLToPath(new URL("../../fixtures/memory/yara/", import.meta.url));

async function hitsIn(
  memory: CheckpointMemory,
  text: string,
  options?: YaraScanOptions,
): Promise<readonly YaraHit[]> {
  const found: YaraHit[] = [];
  for await (const { hits } of scanWithYara([memory], [{ name: "rules.yar", text }], options))
    found.push(...hits);
  return found;
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;

describe("YARA over memory", function () {
  this.timeout(120_000);

  it("finds what Debian's yara finds in each mapping carved into a file", async () => {
    const expected = (await readFile(`${folder}expected.txt`, "utf8")).trim().split("\n");
    const rules = await readFile(`${folder}rules.yar`, "utf8");
    const hits = await withMemory("corpus/d-redis", "img", (memory) =>
      hitsIn(memory, rules, { eachRegion: true }),
    );
    const lines = hits.flatMap(({ rule, region, places }) => [
      `rule ${hex(region?.area.start ?? 0n)} ${rule.identifier}`,
      ...places
        .filter(({ pattern }) => pattern !== "")
        .map(({ address, length, pattern }) => `at ${hex(address)} ${length} ${pattern}`),
    ]);
    assert.deepEqual([...new Set(lines)].toSorted(), [...new Set(expected)].toSorted());
    const [redis] = hits;
    assert.deepEqual(redis?.rule.namespace, "rules");
    const tagged = hits.find(({ rule }) => rule.identifier === "RedisServer");
    assert.deepEqual(tagged?.rule.tags, ["db", "server"]);
    assert.deepEqual(tagged?.rule.metadata, [
      { identifier: "author", value: "corpus" },
      { identifier: "score", value: 3 },
    ]);
  });

  it("asks a rule of the whole process, as Debian's yara asked the living one", async () => {
    const rules = await readFile(`${process}rules.yar`, "utf8");
    await withMemory("memory/yara-process", "img", async (memory, root) => {
      const live = (await readFile(join(root, "live.txt"), "utf8")).trim().split("\n");
      let pid = "";
      const expected = live.flatMap((line) => {
        const [first = "", second = ""] = line.split(" ");
        if (first === "process") pid = second;
        const place = /^(0x[0-9a-f]+):(\$\w*):/.exec(line);
        return first === "process" ? [] : [place ? `${pid} ${place[1]} ${place[2]}` : `${pid} ${first}`];
      });
      assert.ok(expected.length > 30);
      const hits = await hitsIn(memory, rules);
      const found = hits.flatMap(({ pid: own, rule, places }) => [
        `${own} ${rule.identifier}`,
        ...places.map(({ address, pattern }) => `${own} ${hex(address)} ${pattern}`),
      ]);
      assert.deepEqual(found.toSorted(), expected.toSorted());
      assert.ok(hits.every(({ region }) => region === undefined));
      const tagged = hits.find(({ rule }) => rule.identifier === "SharedAndOwn");
      assert.deepEqual(tagged?.rule.tags, ["two", "mappings"]);
      assert.deepEqual(tagged?.rule.metadata, [{ identifier: "score", value: 7 }]);
      // None of them is in one mapping alone.
      const alone = await hitsIn(memory, rules, { eachRegion: true });
      assert.ok(!alone.some(({ rule }) => /InTwo|SharedAnd/.test(rule.identifier)));
      assert.ok(alone.some(({ rule }) => rule.identifier === "OneWithoutTheOther"));
    });
  });

  it("asks a rule of each region alone when its condition is about places, bytes or modules, and names it", async () => {
    const strings = 'strings: $a = "beta-in-own" $b = "gamma-in-shared"';
    const conditions: Readonly<Record<string, string>> = {
      At: "$a at 100",
      In: "$a in (0..200)",
      NoneIn: "any of them in (0..4)",
      CountIn: "#a in (0..200) == 1 and $b",
      Offset: "@a < @b",
      Length: "!a[1] == 11 and $b",
      Size: "filesize < 1MB and any of them",
      Bytes: "uint32(0) == 0x464c457f or $a or $b",
      Module: "elf.type == elf.ET_EXEC or $a or $b",
      Loop: "for any of them : ($ at 100) or $b",
      Names: "Size and not Whole",
    };
    const rules = Object.entries(conditions)
      .map(([name, condition]) => {
        const used = /[$#@!]|them/.test(condition) ? strings : "";
        return `rule ${name} { ${used} condition: ${condition} ${used === "" ? "" : "or (#a > 99 and #b > 99)"} }`;
      })
      .join("\n");
    // What only looks like a place, a comment or the end of a rule.
    const whole = String.raw`
      /* rule Comment { condition: filesize > 0 } */
      rule Whole : places {
        meta: note = "$a at 0" other = "strings: } condition: false"
        strings:
          $at = "condition: } // \"" // $a at 0
          $a = { 62 65 /* 65 } */ 74 61 2d // }
                 69 6e }
          $c = /in-(own|\/x\/{2})\x7d?/ nocase
        condition:
          $a and $c and not $at and for any i in (1..3) : (#a >= i) and "a{}" contains "{" }
      rule Set { condition: Whole }`;
    await withMemory("memory/yara-process", "img", async (memory) => {
      const files = [{ name: "rules.yar", text: `import "elf"\n${whole}\n${rules}` }];
      const hits: YaraHit[] = [];
      let named: readonly string[] = [];
      for await (const step of scanWithYara([memory], files)) {
        hits.push(...step.hits);
        named = step.regional;
      }
      assert.deepEqual(
        named,
        Object.keys(conditions).map((name) => `rules:${name}`),
      );
      const scopes = (wanted: string) =>
        hits.filter(({ rule }) => rule.identifier === wanted).map(({ region }) => region !== undefined);
      assert.deepEqual(scopes("Whole"), [false, false]);
      assert.deepEqual(scopes("Set"), [false, false]);
      assert.deepEqual(scopes("At"), [true, true]);
      assert.deepEqual(scopes("Module"), [true, true, true]);
    });
  });

  it("finds a pattern across the border of two parts of a large mapping, and tells it once", async () => {
    const start = 0x10000000n;
    const border = 8 * 1024 * 1024;
    const pages = Buffer.alloc(border + 4 * PAGE);
    // In the overlap, so both parts have it; and at the very border, so the first has half of it.
    pages.write("needle-in-both", border - 1000);
    pages.write("needle-across", border - 6);
    const count = pages.length / PAGE;
    const dump = {
      vmas: [{ start, end: start + BigInt(pages.length) }],
      pagemap: [message([1, start], [2, 0], [4, 4], [5, count])],
      pages,
    };
    const rule = "rule Needle { strings: $a = /needle-[a-z-]{6,7}/ condition: $a }";
    const hits = await withMade(dump, (made) => withMemoryOf(made, (memory) => hitsIn(memory, rule)));
    const places = hits.flatMap((hit) => hit.places).map(({ address }) => address - start);
    assert.deepEqual(places, [BigInt(border - 1000), BigInt(border - 6)]);
  });

  it("asks a condition of a whole mapping where a region has room for it, and else says that it was cut", async () => {
    const start = 0x10000000n;
    const size = 20 * 1024 * 1024;
    const pages = Buffer.alloc(size, 0x11);
    pages.write("first-half-of-it", 1000);
    pages.write("second-half-of-it", size - 1000);
    const dump = {
      vmas: [{ start, end: start + BigInt(size) }],
      pagemap: [message([1, start], [2, 0], [4, 4], [5, size / PAGE])],
      pages,
    };
    const rule = `rule Both {
      strings: $a = "first-half-of-it" $b = "second-half-of-it"
      condition: all of them and #a == 1 and filesize == ${size} and $b at ${size - 1000} }`;
    await withMade(dump, (made) =>
      withMemoryOf(made, async (memory) => {
        const cuts = async (options: YaraScanOptions): Promise<readonly [hits: number, cut: number]> => {
          let [found, last] = [0, 0];
          for await (const { hits, cut } of scanWithYara(
            [memory],
            [{ name: "a.yar", text: rule }],
            options,
          )) {
            found += hits.length;
            last = cut;
          }
          return [found, last];
        };
        assert.deepEqual(await cuts({}), [0, 1]);
        assert.deepEqual(await cuts({ regionSize: 32 * 1024 * 1024 }), [1, 0]);
      }),
    );
  });

  it("leaves out memory that was never written, and shows what lies around a match", async () => {
    const start = 0x10000000n;
    const pages = Buffer.alloc(2 * PAGE);
    pages.write("<<marker>>", 100);
    pages.write("<<marker>>", PAGE + 100);
    const far = start + 0x200000n;
    const dump = {
      vmas: [{ start, end: start + 0x400000n }],
      pagemap: [message([1, start], [2, 0], [4, 4], [5, 1]), message([1, far], [2, 0], [4, 4], [5, 1])],
      pages,
    };
    const rule = 'rule Marker { strings: $a = "marker" condition: $a and filesize == 4096 }';
    const hits = await withMade(dump, (made) =>
      withMemoryOf(made, (memory) => hitsIn(memory, rule, { context: 2 })),
    );
    assert.deepEqual(
      hits.map(({ region, places }) => [region?.address, region?.length, String(places[0]?.before)]),
      [
        [start, PAGE, "60,60"],
        [far, PAGE, "60,60"],
      ],
    );
  });

  const refuses = (rules: string, code: string, options?: YaraScanOptions): Promise<void> =>
    withMemory("corpus/c-memfd", "img", (memory) =>
      assert.rejects(
        () => hitsIn(memory, rules, options),
        (error: unknown) => error instanceof CryoscopeError && error.code === code,
      ),
    );

  it("says which rule is wrong, and where", () =>
    withMemory("corpus/c-memfd", "img", (memory) =>
      assert.rejects(
        () => hitsIn(memory, "rule Broken { condition: nowhere }"),
        /rules\.yar: .*unknown identifier `nowhere`/s,
      ),
    ));

  it("ends a scan that takes too long", () =>
    refuses("rule Any { condition: true }", "memory.yaraTooSlow", { timeLimit: 1 }));

  it("says what to do when there is no YARA where it was named", () =>
    withMemory("corpus/c-memfd", "img", async (memory) => {
      // The one that is installed here is found then.
      const hits = await hitsIn(memory, "rule Any { condition: true }", { libraries: ["/nowhere"] });
      assert.ok(hits.length > 0);
    }));
});
