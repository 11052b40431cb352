// OpenPGP messages in forms that programs write seldom: old packet headers, and no authentication at all. Made by hand
// (RFC 9580, 4.2, 5.3, 5.7, 5.13), since today's programs don't write all of them; where there is a gpg, it reads them too.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createCipheriv, createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { bufferSource, CryoscopeError } from "../../../src/bytes/index.ts";
import { openSealed, passphrase, sealSchemeOf } from "../../../src/seal/index.ts";

const PASSPHRASE = "an old passphrase";
const SALT = Buffer.from("8 bytes.");
const PLAIN = Buffer.concat([Buffer.from("MARKER-pgp "), randomBytes(5000)]);

/** The passphrase's key: iterated and salted, SHA-256, 65536 bytes of it (RFC 9580, 3.7.1.3). */
const KEY = createHash("sha256")
  .update(Buffer.alloc(65536, Buffer.concat([SALT, Buffer.from(PASSPHRASE)])))
  .digest();
/** Version 4, AES-256, and how the key is derived. */
const SKESK = Buffer.concat([Buffer.of(4, 9, 3, 8), SALT, Buffer.of(0x60)]);

type Form = (tag: number, body: Buffer) => Buffer;
function old(lengthType: 0 | 1 | 2 | 3): Form {
  return (tag, body) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(body.length);
    const width = [1, 2, 4, 0][lengthType] ?? 0;
    return Buffer.concat([Buffer.of(0x80 | (tag << 2) | lengthType), length.subarray(4 - width), body]);
  };
}
const recent: Form = (tag, body) => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([Buffer.of(0xc0 | tag, 255), length, body]);
};

const literal = (form: Form): Buffer =>
  form(11, Buffer.concat([Buffer.from("b"), Buffer.of(0), Buffer.alloc(4), PLAIN]));

function cfb(iv: Buffer, bytes: Buffer): Buffer {
  return createCipheriv("aes-256-cfb", KEY, iv).update(bytes);
}
function prefix(): Buffer {
  const random = randomBytes(16);
  return Buffer.concat([random, random.subarray(14)]);
}
/** Tag 18, version 1: with SHA-1 at its end. */
function protectedData(inner: Buffer): Buffer {
  const whole = Buffer.concat([prefix(), inner, Buffer.of(0xd3, 0x14)]);
  const mdc = createHash("sha1").update(whole).digest();
  return recent(18, Buffer.concat([Buffer.of(1), cfb(Buffer.alloc(16), Buffer.concat([whole, mdc]))]));
}
/** Tag 9: the register is set anew behind the prefix, and nothing authenticates it. */
function unprotectedData(form: Form, inner: Buffer): Buffer {
  const head = cfb(Buffer.alloc(16), prefix());
  return form(9, Buffer.concat([head, cfb(head.subarray(2), inner)]));
}

async function open(message: Buffer, words = PASSPHRASE): Promise<Buffer> {
  const opened = await openSealed(bufferSource(message), "old.pgp", [passphrase(words)]);
  assert.ok(opened);
  try {
    return Buffer.from(await opened.source.read(0, opened.source.size));
  } finally {
    await opened.source.close?.();
  }
}

describe("an OpenPGP message", function () {
  this.timeout(60_000);
  const OLD: readonly (readonly [what: string, message: Buffer])[] = [
    ["a length of one byte", Buffer.concat([old(0)(3, SKESK), protectedData(literal(old(1)))])],
    ["a length of two bytes", Buffer.concat([old(1)(3, SKESK), protectedData(literal(old(1)))])],
    ["a length of four bytes", Buffer.concat([old(2)(3, SKESK), protectedData(literal(old(2)))])],
    ["no length inside", Buffer.concat([old(0)(3, SKESK), protectedData(literal(old(3)))])],
    ["a new header of five bytes", Buffer.concat([recent(3, SKESK), protectedData(literal(recent))])],
  ];
  const UNPROTECTED = [old(2), old(3), recent].map((form) =>
    Buffer.concat([old(0)(3, SKESK), unprotectedData(form, literal(old(2)))]),
  );

  for (const [what, message] of OLD)
    it(`opens, with ${what}`, async () => {
      assert.equal((await sealSchemeOf(bufferSource(message)))?.id, "openpgp");
      assert.ok(PLAIN.equals(await open(message)));
      await assert.rejects(open(message, "another"), { code: "seal.wrongKey" });
    });

  it("that nothing authenticates is not shown, and what to do is said", async () => {
    for (const message of UNPROTECTED) {
      assert.equal((await sealSchemeOf(bufferSource(message)))?.id, "openpgp");
      await assert.rejects(open(message), (error) => {
        assert.ok(error instanceof CryoscopeError, String(error));
        assert.equal(error.code, "seal.unsupported");
        assert.match(error.message, /nothing authenticates/);
        assert.match(error.next ?? "", /--ignore-mdc-error/);
        return true;
      });
    }
  });

  it("of these forms is one for gpg too", function () {
    const home = mkdtempSync("/tmp/gh-");
    const gpg = (input: Buffer, ...more: string[]) =>
      spawnSync(
        "gpg",
        [
          "--homedir",
          home,
          "--batch",
          "--quiet",
          "--pinentry-mode",
          "loopback",
          "--passphrase",
          PASSPHRASE,
          ...more,
          "--decrypt",
        ],
        { input },
      );
    try {
      if (gpg(Buffer.alloc(0)).error) this.skip();
      for (const [what, message] of OLD) assert.ok(PLAIN.equals(gpg(message).stdout), what);
      for (const message of UNPROTECTED) {
        // It says no too, unless it is told that the message is not protected.
        assert.notEqual(gpg(message).status, 0);
        assert.ok(PLAIN.equals(gpg(message, "--ignore-mdc-error").stdout));
      }
    } finally {
      spawnSync("gpgconf", ["--homedir", home, "--kill", "gpg-agent"]);
      rmSync(home, { recursive: true, force: true });
    }
  });
});
