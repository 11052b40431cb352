import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { constants, createHash, createPrivateKey, publicEncrypt, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CryoscopeError } from "../../../src/bytes/index.ts";
import { loadKey, parseKey, parseRecipient } from "../../../src/seal/index.ts";
import type { RsaKey } from "../../../src/seal/index.ts";
import { unpadPkcs1 } from "../../../src/seal/keys/pkcs1.ts";
import { fixture } from "../fixtures.ts";

async function loadRsa(path: string, passphrase?: string): Promise<RsaKey> {
  const key = await loadKey(path, passphrase);
  assert(key.kind === "rsa");
  return key;
}

describe("a private key", () => {
  let keys: string;
  let fingerprint: string;
  let passphrase: string;
  const read = (name: string): Buffer => readFileSync(join(keys, name));
  before(async () => {
    keys = await fixture("sealed/keys");
    passphrase = read("key1.passphrase.txt").toString().trim();
    const spki = new X509Certificate(read("key1.cert.pem")).publicKey.export({ type: "spki", format: "der" });
    fingerprint = createHash("sha256").update(spki).digest("hex");
  });

  it("is read from PEM and DER, with and without passphrase, and is the certificate's", async () => {
    for (const [name, secret] of [
      ["key1.pkcs1.pem"],
      ["key1.pkcs8.pem"],
      ["key1.pkcs8.der"],
      ["key1.pkcs8.enc.pem", passphrase],
      ["key1.pkcs1.enc.pem", passphrase],
      // A passphrase that isn't needed does no harm.
      ["key1.pkcs8.pem", "unneeded"],
    ] as const) {
      const key = await loadRsa(join(keys, name), secret);
      assert.deepEqual([key.name, key.bits, key.fingerprint], [name, 2048, fingerprint]);
    }
    const key = createPrivateKey(read("key1.pkcs8.pem"));
    const pkcs1 = key.export({ type: "pkcs1", format: "der" });
    assert.equal(parseKey(pkcs1, "key.der").fingerprint, fingerprint);
    const sealed = key.export({ type: "pkcs8", format: "der", cipher: "aes-256-cbc", passphrase });
    assert.equal(parseKey(sealed, "key.der", passphrase).fingerprint, fingerprint);
    assert.throws(() => parseKey(sealed, "key.der"), { code: "seal.passphraseNeeded" });
  });

  it("may stand among other things in its file", () => {
    const bundle = Buffer.concat([
      Buffer.from("Bag Attributes\n"),
      read("key1.cert.pem"),
      read("key1.pkcs8.pem"),
    ]);
    assert.equal(parseKey(bundle, "bundle.pem").fingerprint, fingerprint);
    const windows = read("key1.pkcs1.pem").toString().replaceAll("\n", "\r\n");
    assert.equal(parseKey(Buffer.from(windows), "windows.pem").fingerprint, fingerprint);
  });

  it("with a passphrase needs it, and the right one, and tells it to nobody", async () => {
    for (const name of ["key1.pkcs8.enc.pem", "key1.pkcs1.enc.pem"]) {
      const path = join(keys, name);
      await assert.rejects(loadKey(path), { code: "seal.passphraseNeeded", file: path });
      for (const wrong of ["not-the-passphrase", ""])
        await assert.rejects(loadKey(path, wrong), (error) => {
          assert.ok(error instanceof CryoscopeError);
          assert.equal(error.code, "seal.wrongPassphrase");
          if (wrong !== "") assert.equal(JSON.stringify([error.message, error.stack]).includes(wrong), false);
          return true;
        });
    }
  });

  it("of another kind, and what is no private key, is called by its name", async () => {
    const ec = await loadKey(join(keys, "ec.key.pem"));
    assert(ec.kind === "ec");
    assert.equal(ec.curve, "P-256");
    await assert.rejects(loadKey(join(keys, "key1.cert.pem")), /This is a certificate/);
    await assert.rejects(loadKey(join(keys, "missing.pem")), { code: "bytes.unreadable" });
    for (const text of [
      "",
      "hello",
      "0hello",
      "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n",
      "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
      "-----BEGIN PRIVATE KEY-----\nAAAA\n",
    ])
      assert.throws(() => parseKey(Buffer.from(text), "x"), { code: "seal.notAKey" }, text);
  });

  it("unwraps what OpenSSL wrapped for it, of the length that was asked for", async () => {
    const { publicKey } = new X509Certificate(read("key1.cert.pem"));
    const key = await loadRsa(join(keys, "key1.pkcs1.pem"));
    const secret = Buffer.alloc(32, 7);
    const wrapped = publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_PADDING }, secret);
    assert.deepEqual(Buffer.from(key.unwrap(wrapped, 32) ?? []), secret);
    assert.equal(key.unwrap(wrapped, 31), undefined);
    assert.equal(key.unwrap(wrapped, 64), undefined);
    assert.equal(key.unwrap(wrapped.subarray(1), 32), undefined);
    assert.equal(key.unwrap(Buffer.alloc(256, 0xff), 32), undefined);
    const other = await loadRsa(join(keys, "key4096.pkcs1.pem"));
    assert.equal(other.unwrap(wrapped, 32), undefined);
  });
});

describe("the padding of PKCS #1 v1.5", () => {
  const message = Buffer.alloc(32, 9);
  const block = (start: number[], padding: number[], separator = 0): Buffer =>
    Buffer.from([...start, ...padding, separator, ...message]);
  const filled = Array.from({ length: 20 }, (_, at) => at + 1);

  it("comes off when it is whole", () => {
    assert.deepEqual(Buffer.from(unpadPkcs1(block([0, 2], filled), 32) ?? []), message);
    assert.deepEqual(Buffer.from(unpadPkcs1(block([0, 2], filled.slice(0, 8)), 32) ?? []), message);
  });

  it("is refused when any part of it is wrong", () => {
    for (const wrong of [
      block([1, 2], filled),
      block([0, 1], filled),
      block([0, 2], [...filled, 0, 1]),
      block([0, 2], [0, ...filled]),
      block([0, 2], filled, 5),
      block([0, 2], filled.slice(0, 7)),
      Buffer.alloc(0),
      message,
    ])
      assert.equal(unpadPkcs1(wrong, 32), undefined);
  });
});

describe("a certificate", () => {
  it("that has expired is sealed for all the same, and that is said", async () => {
    const file = join(await fixture("sealed/keys"), "key1.cert.pem");
    const pem = readFileSync(file, "utf8");
    // openssl's word for when it ends.
    const words = execFileSync("openssl", ["x509", "-in", file, "-noout", "-enddate"], { encoding: "utf8" });
    const end = new Date(words.replace("notAfter=", "").trim()).getTime();
    const before = parseRecipient(pem, file, new Date(end - 1000));
    const after = parseRecipient(pem, file, new Date(end + 1000));
    assert.deepEqual(before.notes, []);
    assert.equal(after.notes.length, 1);
    assert.match(after.notes.join(), /^The certificate key1\.cert\.pem expired on .*used all the same\.$/);
    const key = await loadKey(join(await fixture("sealed/keys"), "key1.pkcs8.pem"));
    assert(key.kind === "rsa");
    assert.deepEqual(Buffer.from(key.unwrap(after.wrap(Buffer.alloc(32, 7)), 32) ?? []), Buffer.alloc(32, 7));
  });
});
