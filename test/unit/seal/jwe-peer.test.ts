// Every algorithm that is read, as another implementation writes it: jose, which uses the runtime's WebCrypto.
import assert from "node:assert/strict";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { CompactEncrypt, exportJWK, GeneralEncrypt } from "jose";
import type { JWK } from "jose";
import { parseJwk } from "../../../src/seal/index.ts";
import type { Key } from "../../../src/seal/index.ts";
import { openJwe, readJwe } from "../../../src/seal/jwe/index.ts";

const CONTENT = ["A128GCM", "A192GCM", "A256GCM", "A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512"] as const;
const OAEP = ["RSA-OAEP", "RSA-OAEP-256", "RSA-OAEP-384", "RSA-OAEP-512"] as const;
const AGREEMENT = ["ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A192KW", "ECDH-ES+A256KW"] as const;
const CURVES = ["P-256", "P-384", "P-521"] as const;
const PLAIN = Buffer.from("what was sealed, of no whole number of blocks");

const keyOf = (jwk: JWK): Key => parseJwk(jwk as Record<string, unknown>, "key.jwk");

async function sealed(alg: string, enc: string, recipient: JWK | Uint8Array): Promise<string> {
  return new CompactEncrypt(PLAIN).setProtectedHeader({ alg, enc }).encrypt(recipient);
}

function textOf(jwe: string, ...keys: readonly Key[]): string | undefined {
  const read = readJwe(jwe);
  assert.ok(read);
  const opened = openJwe(read, keys);
  return opened && Buffer.from(opened.plaintext).toString();
}

/** The same with one bit of a part changed: header, wrapped key, nonce, content, tag. */
function changed(jwe: string, part: number): string {
  const parts = jwe.split(".");
  const bytes = Buffer.from(parts[part] ?? "", "base64url");
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  return parts.with(part, bytes.toString("base64url")).join(".");
}

describe("JWE by another implementation", function () {
  this.timeout(60_000);
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const other = generateKeyPairSync("rsa", { modulusLength: 2048 });

  for (const alg of OAEP)
    it(`opens with ${alg}, and with no other key nor hash`, async () => {
      const recipient = await exportJWK(rsa.publicKey);
      const own = keyOf(await exportJWK(rsa.privateKey));
      for (const enc of CONTENT) {
        const jwe = await sealed(alg, enc, recipient);
        assert.equal(textOf(jwe, keyOf(await exportJWK(other.privateKey)), own), PLAIN.toString(), enc);
        assert.equal(textOf(jwe, keyOf(await exportJWK(other.privateKey))), undefined);
        for (const part of [1, 2, 3, 4])
          assert.equal(textOf(changed(jwe, part), own), undefined, `${enc} ${part}`);
        const [, ...rest] = jwe.split(".");
        const wrong = Buffer.from(JSON.stringify({ alg: alg === OAEP[0] ? OAEP[1] : OAEP[0], enc }));
        assert.equal(textOf([wrong.toString("base64url"), ...rest].join("."), own), undefined);
      }
    });

  for (const alg of AGREEMENT)
    for (const crv of CURVES)
      it(`opens with ${alg} on ${crv}, and with no other key`, async () => {
        const pair = generateKeyPairSync("ec", { namedCurve: crv });
        const own = keyOf(await exportJWK(pair.privateKey));
        const stranger = keyOf(await exportJWK(generateKeyPairSync("ec", { namedCurve: crv }).privateKey));
        for (const enc of CONTENT) {
          const jwe = await sealed(alg, enc, await exportJWK(pair.publicKey));
          assert.equal(textOf(jwe, stranger, own), PLAIN.toString(), enc);
          assert.equal(textOf(jwe, stranger), undefined);
          for (const part of alg === "ECDH-ES" ? [2, 3, 4] : [1, 2, 3, 4])
            assert.equal(textOf(changed(jwe, part), own), undefined, `${enc} ${part}`);
        }
      });

  it("opens with a wrapping key of 32 bytes, or the content's own", async () => {
    const bytes = randomBytes(32);
    const raw: Key = { kind: "raw", name: "kek", bytes };
    for (const [alg, enc] of [
      ["A256KW", "A256CBC-HS512"],
      ["dir", "A256GCM"],
    ] as const) {
      const jwe = await sealed(alg, enc, bytes);
      assert.equal(textOf(jwe, raw), PLAIN.toString());
      assert.equal(textOf(jwe, { ...raw, bytes: randomBytes(32) }), undefined);
    }
  });

  it("opens for each of several recipients", async () => {
    const ec = generateKeyPairSync("ec", { namedCurve: "P-384" });
    const jwe = await new GeneralEncrypt(PLAIN)
      .setProtectedHeader({ enc: "A192CBC-HS384" })
      .addRecipient(await exportJWK(rsa.publicKey))
      .setUnprotectedHeader({ alg: "RSA-OAEP-384" })
      .addRecipient(await exportJWK(ec.publicKey))
      .setUnprotectedHeader({ alg: "ECDH-ES+A192KW" })
      .encrypt();
    for (const key of [rsa.privateKey, ec.privateKey])
      assert.equal(textOf(JSON.stringify(jwe), keyOf(await exportJWK(key))), PLAIN.toString());
    assert.equal(textOf(JSON.stringify(jwe), keyOf(await exportJWK(other.privateKey))), undefined);
  });
});
