// The test vectors of age's own authors (C2SP CCTV), every one.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { inflateSync } from "node:zlib";
import * as vectors from "cctv-age";
import { bufferSource, CryoscopeError } from "../../../src/bytes/index.ts";
import { openAge } from "../../../src/seal/age/index.ts";
import { passphrase } from "../../../src/seal/index.ts";
import type { Key } from "../../../src/seal/index.ts";

/** Codes that fit what a vector expects. */
const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  // A passphrase for what isn't sealed with one is no key at all.
  "no match": ["seal.wrongKey", "seal.keyNeeded"],
  "HMAC failure": ["seal.damaged"],
  "header failure": ["seal.damaged", "seal.tooCostly", "seal.wrongKey", "seal.keyNeeded"],
  "armor failure": ["seal.damaged"],
  "payload failure": ["seal.damaged", "seal.recordBroken", "bytes.truncated"],
};

function parse(vector: Uint8Array): { fields: Map<string, string[]>; body: Buffer } {
  const bytes = Buffer.from(vector);
  const end = bytes.indexOf("\n\n");
  const fields = new Map<string, string[]>();
  for (const line of bytes.toString("latin1", 0, end).split("\n")) {
    const [, name = "", value = ""] = /^([^:]+): (.*)$/.exec(line) ?? [];
    fields.set(name, [...(fields.get(name) ?? []), value]);
  }
  const body = bytes.subarray(end + 2);
  return { fields, body: fields.has("compressed") ? inflateSync(body) : body };
}

describe("age's test vectors", () => {
  it("are here", () => {
    assert.ok(Object.keys(vectors).length > 100);
  });

  for (const [name, vector] of Object.entries(vectors))
    it(name, async () => {
      const { fields, body } = parse(vector);
      const keys: Key[] = (fields.get("passphrase") ?? []).map((text) => passphrase(text));
      const identities = fields.get("identity");
      if (identities) keys.push({ kind: "age", name: "identity", identities });
      const [expected = ""] = fields.get("expect") ?? [];
      const read = async (): Promise<Uint8Array> => {
        const { source } = await openAge(bufferSource(body), name, keys);
        try {
          return await source.read(0, source.size);
        } finally {
          await source.close?.();
        }
      };
      if (expected === "success") {
        const hash = createHash("sha256").update(await read());
        assert.equal(hash.digest("hex"), fields.get("payload")?.[0]);
        return;
      }
      await assert.rejects(read(), (error) => {
        assert.ok(error instanceof CryoscopeError, String(error));
        assert.ok(EXPECTED[expected]?.includes(error.code), `${expected}: ${error.code} ${error.message}`);
        return true;
      });
    });
});
