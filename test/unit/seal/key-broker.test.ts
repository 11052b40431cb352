// A key broker whose answer is sealed for the attested machine's key, which the user gives in the same file as the token.
import assert from "node:assert/strict";
import {
  createCipheriv,
  createHash,
  createHmac,
  diffieHellman,
  generateKeyPairSync,
  publicEncrypt,
  randomBytes,
} from "node:crypto";
import type { KeyObject } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bufferSource, CryoscopeError } from "../../../src/bytes/index.ts";
import { loadKeyFile, openOciLayer } from "../../../src/seal/index.ts";
import type { Key, SealedLayerDescriptor } from "../../../src/seal/index.ts";

const url = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");
const base64 = (value: string | Uint8Array): string => Buffer.from(value).toString("base64");

/** As trustee answers: flattened JSON, the content under AES-256-GCM with the protected header as associated data. */
function flattened(header: object, encryptedKey: Buffer, cek: Buffer, content: Buffer): string {
  const head = url(Buffer.from(JSON.stringify({ ...header, enc: "A256GCM" })));
  const iv = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", cek, iv).setAAD(Buffer.from(head, "ascii"));
  const ciphertext = url(Buffer.concat([cipher.update(content), cipher.final()]));
  const tag = url(cipher.getAuthTag());
  return JSON.stringify({ protected: head, encrypted_key: url(encryptedKey), iv: url(iv), ciphertext, tag });
}

function forRsa(publicKey: KeyObject, content: Buffer): string {
  const cek = randomBytes(32);
  const wrapped = publicEncrypt({ key: publicKey, oaepHash: "sha256" }, cek);
  return flattened({ alg: "RSA-OAEP-256" }, wrapped, cek, content);
}

/** RFC 7518, 4.6, by the runtime's own ECDH, hash and key wrap. */
function forEc(publicKey: KeyObject, content: Buffer): string {
  const ephemeral = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const secret = diffieHellman({ privateKey: ephemeral.privateKey, publicKey });
  const alg = "ECDH-ES+A256KW";
  const word = (value: number): Buffer => Buffer.of(0, 0, value >> 8, value & 255);
  const kek = createHash("sha256")
    .update(Buffer.concat([word(1), secret, word(alg.length), Buffer.from(alg), word(0), word(0), word(256)]))
    .digest();
  const cek = randomBytes(32);
  const wrap = createCipheriv("id-aes256-wrap", kek, Buffer.alloc(8, 0xa6));
  const wrapped = Buffer.concat([wrap.update(cek), wrap.final()]);
  return flattened({ alg, epk: ephemeral.publicKey.export({ format: "jwk" }) }, wrapped, cek, content);
}

describe("a key broker that seals its answer for the attested machine", () => {
  const kek = randomBytes(32);
  const plain = randomBytes(100_000);
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
  let folder: string;
  let server: Server;
  let answer = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "broker-"));
    server = createServer((_request, response) => void response.end(answer));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true, force: true });
  });

  function sealed(wrap: "A256GCM" | "A256CTR" = "A256GCM"): {
    descriptor: SealedLayerDescriptor;
    blob: Buffer;
  } {
    const [key, nonce, iv] = [randomBytes(32), randomBytes(16), randomBytes(wrap === "A256GCM" ? 12 : 16)];
    const blob = createCipheriv("aes-256-ctr", key, nonce).update(plain);
    const options = {
      symkey: base64(key),
      digest: `sha256:${createHash("sha256").update(plain).digest("hex")}`,
      cipheroptions: { nonce: base64(nonce) },
    };
    const hmac = base64(createHmac("sha256", key).update(blob).digest());
    const text = JSON.stringify(options);
    const gcm = createCipheriv("aes-256-gcm", kek, iv);
    const wrapped =
      wrap === "A256GCM"
        ? [gcm.update(text), gcm.final(), gcm.getAuthTag()]
        : [createCipheriv("aes-256-ctr", kek, iv).update(text)];
    const packet = { kid: "kbs:///default/key/1", wrapped_data: base64(Buffer.concat(wrapped)) };
    const annotations = {
      "org.opencontainers.image.enc.pubopts": base64(
        JSON.stringify({ cipher: "AES_256_CTR_HMAC_SHA256", hmac, cipheroptions: {} }),
      ),
      "org.opencontainers.image.enc.keys.provider.attestation-agent": base64(
        JSON.stringify({ ...packet, iv: base64(iv), wrap_type: wrap }),
      ),
    };
    const mediaType = "application/vnd.oci.image.layer.v1.tar+encrypted";
    return { descriptor: { mediaType, digest: "sha256:layer", annotations }, blob };
  }

  /** Opens the layer with a file as the user writes it. */
  async function open(teeKey?: KeyObject): Promise<Buffer> {
    // A server that listens on TCP has an address with a port.
    const { port } = server.address() as AddressInfo;
    const file = join(folder, "kbs.json");
    const jwk = teeKey?.export({ format: "jwk" });
    const kbs = { url: `http://127.0.0.1:${port}`, token: "the-token", teeKey: jwk };
    await writeFile(file, JSON.stringify({ kbs }));
    const { descriptor, blob } = sealed();
    const opened = await openOciLayer(descriptor, bufferSource(blob), await loadKeyFile(file));
    assert.equal(opened.openedBy, "kbs.json");
    return Buffer.from(await opened.source.read(0, opened.source.size));
  }

  for (const [alg, pair, seal] of [
    ["RSA-OAEP-256", rsa, forRsa],
    ["ECDH-ES+A256KW", ec, forEc],
  ] as const)
    it(`is understood with that machine's key (${alg})`, async () => {
      answer = seal(pair.publicKey, kek);
      assert.ok(plain.equals(await open(pair.privateKey)));
    });

  it("may have wrapped the layer's key without authentication (A256CTR), and the key is proven all the same", async () => {
    const { descriptor, blob } = sealed("A256CTR");
    const keyOf = (bytes: Buffer): Key => ({ kind: "raw", name: "kek", bytes });
    const { source } = await openOciLayer(descriptor, bufferSource(blob), [
      keyOf(randomBytes(32)),
      keyOf(Buffer.from(kek)),
    ]);
    assert.ok(plain.equals(await source.read(0, source.size)));
    await assert.rejects(openOciLayer(descriptor, bufferSource(blob), [keyOf(randomBytes(32))]), {
      code: "seal.wrongKey",
    });
  });

  it("needs that key, and the right one, and tells nothing of either", async () => {
    const other = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
    for (const [what, teeKey, why, text] of [
      ["without the key", undefined, /sealed for the attested machine's key/, forRsa(rsa.publicKey, kek)],
      ["another key", other, /another key than teeKey/, forRsa(rsa.publicKey, kek)],
      ["a key of another kind", ec.privateKey, /another key than teeKey/, forRsa(rsa.publicKey, kek)],
      ["a key that is too short", rsa.privateKey, /teeKey/, forRsa(rsa.publicKey, kek.subarray(1))],
    ] as const) {
      answer = text;
      await assert.rejects(open(teeKey), (error) => {
        assert.ok(error instanceof CryoscopeError, what);
        assert.equal(error.code, "seal.brokerFailed", what);
        assert.match(error.message, why, what);
        if (teeKey === undefined) assert.match(error.next ?? "", /"teeKey" \(a JWK\)/);
        const told = JSON.stringify([error.message, error.next, error.stack, String(error.cause)]);
        assert.ok(!told.includes("the-token"), what);
        const secret = teeKey?.export({ format: "jwk" }).d;
        assert.ok(secret === undefined || !told.includes(secret), what);
        return true;
      });
    }
  });

  it("is not believed when its answer was changed on the way", async () => {
    const whole = JSON.parse(forRsa(rsa.publicKey, kek)) as Readonly<Record<string, string>>;
    for (const field of ["protected", "encrypted_key", "iv", "ciphertext", "tag"]) {
      const bytes = Buffer.from(whole[field] ?? "", "base64url");
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
      answer = JSON.stringify({ ...whole, [field]: url(bytes) });
      await assert.rejects(open(rsa.privateKey), { code: "seal.brokerFailed" }, field);
    }
  });
});
