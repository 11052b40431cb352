import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bufferSource, CryoscopeError } from "../../../src/bytes/index.ts";
import {
  critJson,
  encodeImage,
  imageTypeByName,
  looksLikeImage,
  openImage,
} from "../../../src/criu/index.ts";
import { fixture } from "../fixtures.ts";

const FIXTURES = fileURLToPath(new URL("../../fixtures", import.meta.url));

/** Images that don't come back byte for byte, with the SHA-256 of what crit's own `encode` (4.2.1) makes of their JSON. */
const EXCEPTIONS: readonly {
  readonly why: string;
  readonly image: string;
  /** undefined where crit fails. */
  readonly crit: string | undefined;
}[] = [
  {
    why: "the fixture pads the contents with random bytes, which JSON doesn't carry; encoded they are zeros",
    image: "crit/every-message ipcns_msg.img",
    crit: "376455fc4e9ee1b3f1aaf26b2875d251c30f14508cfcea037a7e60e45ce3756e",
  },
  {
    why: "the same",
    image: "crit/every-message ipcns_sem.img",
    crit: "a495bd51199114941c4892df355022aa48af97f22c712c8a8c93ea647d9430d5",
  },
  {
    why: "the same; crit's encode of such images fails on its own JSON",
    image: "crit/every-message ipcns_shm.img",
    crit: undefined,
  },
];

describe("crit's JSON encoded again", () => {
  for (const form of ["plain", "pretty"] as const)
    it(`is byte for byte the image it was decoded from, for every image of the corpus, ${form}`, async function () {
      this.timeout(60_000);
      const differing: string[] = [];
      let images = 0;
      for (const archive of await archives())
        for (const path of await imagesIn(archive)) {
          const bytes = await readFile(path);
          const json = await decoded(path, bytes, form === "pretty");
          if (json === undefined) continue;
          images++;
          const label = `${archive} ${path.slice(path.lastIndexOf("/") + 1)}`;
          const again = encoded(json);
          if (again.equals(bytes)) continue;
          const exception = EXCEPTIONS.find(({ image }) => image === label);
          const hash = createHash("sha256").update(again).digest("hex");
          if (!exception || (exception.crit !== undefined && hash !== exception.crit)) differing.push(label);
        }
      assert.deepEqual(differing, []);
      assert.ok(images > 900, `${images} images`);
    });
});

describe("encoding JSON that is wrong", () => {
  const core = (field: string): string =>
    `{"magic": "UTSNS", "entries": [{"nodename": "a", "domainname": "b"}, {${field}}]}`;
  const CASES: readonly (readonly [what: string, json: string, code: string, place: RegExp])[] = [
    ["text that is no JSON", '{"magic": ', "encode.badJson", /at byte 10/],
    ["JSON with something behind it", "{} {}", "encode.badJson", /at byte 3/],
    ["JSON nested too deep", "[".repeat(100_000), "encode.badJson", /too deep/],
    ["an integer of a million digits", `[${"1".repeat(1_000_000)}]`, "encode.badJson", /too long/],
    ["a string without an end", '["a\\"', "encode.badJson", /no end/],
    ["a list", "[]", "encode.wrongKind", /an object, not a list/],
    ["a kind without entries", '{"magic": "PAGES", "entries": []}', "encode.unknownMagic", /PAGES/],
    ["no magic", "{}", "encode.wrongKind", /magic has to be a string/],
    [
      "a field that isn't there",
      core('"nodename": "a", "domainname": "b", "x": 1'),
      "encode.unknownField",
      /entries\[1\]\.x/,
    ],
    [
      "__proto__",
      core('"nodename": "a", "domainname": "b", "__proto__": {}'),
      "encode.unknownField",
      /__proto__/,
    ],
    ["a required field missing", core('"nodename": "a"'), "encode.missingField", /entries\[1\]\.domainname/],
    [
      "a number for text",
      core('"nodename": 1, "domainname": "b"'),
      "encode.wrongKind",
      /entries\[1\]\.nodename.*integer/,
    ],
    [
      "a number too large",
      pagemap('"vaddr": 18446744073709551616'),
      "encode.outOfRange",
      /entries\[1\]\.vaddr/,
    ],
    ["a negative number", pagemap('"vaddr": -1'), "encode.outOfRange", /entries\[1\]\.vaddr/],
    ["a fraction", pagemap('"vaddr": 1.5'), "encode.wrongKind", /entries\[1\]\.vaddr.*fraction/],
    ["an unknown flag", pagemap('"vaddr": 1, "flags": "PE_OTHER"'), "encode.badValue", /PE_OTHER/],
    [
      "a payload of another length than its entry says",
      '{"magic": "PIPES_DATA", "entries": [{"pipe_id": 1, "bytes": 5, "extra": "aGVsbG8h"}]}',
      "encode.payloadLength",
      /entries\[0\]\.extra has 6 bytes/,
    ],
    [
      "a payload that is no base64",
      '{"magic": "PIPES_DATA", "entries": [{"pipe_id": 1, "bytes": 5, "extra": "a!"}]}',
      "encode.badValue",
      /entries\[0\]\.extra/,
    ],
  ];
  for (const [what, json, code, place] of CASES)
    it(`refuses ${what} and says where`, () => {
      assert.throws(
        () => encoded(json),
        (error: unknown) =>
          error instanceof CryoscopeError && error.code === code && place.test(error.message),
      );
    });

  it("reads numbers as crit does: in any base, by the names of flags, up to 64 bits", () => {
    const plain = encoded(pagemap('"vaddr": 18446744073709551615, "flags": 5, "nr_pages": 16'));
    assert.deepEqual(
      encoded(pagemap('"vaddr": "0xffffffffffffffff", "flags": "PE_PARENT | 0x4", "nr_pages": "0x10"')),
      plain,
    );
  });
});

function pagemap(entry: string): string {
  return `{"magic": "PAGEMAP", "entries": [{"pages_id": 1}, {${entry}, "compat_nr_pages": 0}]}`;
}

async function archives(): Promise<string[]> {
  const names = await readdir(join(FIXTURES, "corpus"));
  return [
    ...names.map((name) => `corpus/${name.replace(".tar.gz", "")}`),
    "crit/every-message",
    "sealed/incr-plain",
    ...["aarch64-16k", "ppc64le-64k", "riscv64"].map((name) => `machines/${name}`),
  ];
}

async function imagesIn(archive: string): Promise<string[]> {
  const root = await fixture(archive);
  const files = await readdir(root, { recursive: true });
  return files.filter((name) => looksLikeImage(name)).map((name) => join(root, name));
}

/** The image's JSON; undefined for what has none, or is broken or sealed. */
async function decoded(path: string, bytes: Uint8Array, pretty: boolean): Promise<string | undefined> {
  if (imageTypeByName(path)?.magic === 0) return undefined;
  const image = await openImage(path, bufferSource(bytes));
  if (image.problems.length > 0) return undefined;
  let json = "";
  for await (const piece of critJson(image, { pretty })) json += piece;
  return json;
}

function encoded(json: string): Buffer {
  return Buffer.concat([...encodeImage(json)]);
}
