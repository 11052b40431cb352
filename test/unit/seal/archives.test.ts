import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateX25519Identity } from "age-encryption";
import fc from "fast-check";
import { bufferSource, CryoscopeError, type ByteSource } from "../../../src/bytes/index.ts";
import { looksSealed, loadKeyFile, openSealed, passphrase, sealSchemeOf } from "../../../src/seal/index.ts";
import type { Key, OpenSealedOptions } from "../../../src/seal/index.ts";
import { fixture } from "../fixtures.ts";

/** Sums of the archive before it was sealed, plain and with gzip. */
const TAR = "2fafc2017c334abff69bdc86826f4ceef0783b247d7934a51f3ddd3724015061";
const GZIP = "f0f14fd8274dc008834fee0f7c66711c03554dd08377dd739bf827fb1e053b72";

/** What is sealed how, by the programs themselves: age 1.2.1, gpg 2.4.7, openssl 3.5. */
const FILES: readonly (readonly [file: string, scheme: string, key: string, sum: string])[] = [
  ["checkpoint.tar.age", "age", "age-x25519.txt", TAR],
  ["checkpoint.tar.gz.armor.age", "age", "age-x25519.txt", GZIP],
  ["checkpoint.tar.gz.ssh.age", "age", "age-x25519.txt", GZIP],
  ["checkpoint.tar.gz.scrypt.age", "age", "age-pass-1", GZIP],
  ["checkpoint.tar.gz.aes256cbc-pbkdf2.enc", "openssl-enc", "ossl-pass-1", GZIP],
  ["checkpoint.tar.gz.aes256cbc-pbkdf2-iter200000-sha512.enc", "openssl-enc", "ossl-pass-1", GZIP],
  ["checkpoint.tar.gz.aes256cbc-bytestokey-md5.enc", "openssl-enc", "ossl-pass-1", GZIP],
  ["checkpoint.tar.gz.aes128ctr-pbkdf2.b64", "openssl-enc", "ossl-pass-1", GZIP],
  ["checkpoint.tar.gz.cms.der", "cms", "../../keys/key1.pkcs8.pem", GZIP],
  ["checkpoint.tar.gz.pub.gpg", "openpgp", "pgp.sec.gpg", GZIP],
  ["checkpoint.tar.gz.pub.asc", "openpgp", "pgp.sec.asc", GZIP],
  ["checkpoint.tar.gz.sym.gpg", "openpgp", "gpg-pass-1", GZIP],
  ["checkpoint.tar.gz.sym-ocb.gpg", "openpgp", "gpg-pass-1", GZIP],
  ["checkpoint.tar.sym-zip.gpg", "openpgp", "gpg-pass-1", TAR],
];
/** Parameters that aren't tried in tests that have many attempts. */
const ENC = "-aes-256-cbc -pbkdf2";

describe("a sealed archive", () => {
  let folder: string;
  let keyFolder: string;
  before(async () => {
    folder = await fixture("sealed/archives");
    keyFolder = await fixture("sealed/keys");
  });
  const read = (file: string): Buffer => readFileSync(join(folder, file));

  async function keysOf(key: string): Promise<readonly Key[]> {
    if (/pass-\d$/.test(key)) return [passphrase("not this one"), passphrase(key)];
    return loadKeyFile(key.startsWith("..") ? join(keyFolder, "key1.pkcs8.pem") : join(folder, "keys", key));
  }

  async function open(
    bytes: Buffer,
    file: string,
    keys: readonly Key[],
    options?: OpenSealedOptions,
  ): Promise<ByteSource> {
    const opened = await openSealed(bufferSource(bytes), file, keys, options);
    assert.ok(opened, file);
    return opened.source;
  }

  for (const [file, scheme, key, sum] of FILES)
    it(`${file} is recognised, opens with its key, and reads the same anywhere`, async () => {
      const bytes = read(file);
      assert.equal((await sealSchemeOf(bufferSource(bytes)))?.id, scheme);
      const source = await open(bytes, file, await keysOf(key));
      const whole = Buffer.from(await source.read(0, source.size + 10));
      assert.equal(createHash("sha256").update(whole).digest("hex"), sum);
      await fc.assert(
        fc.asyncProperty(fc.nat(whole.length + 5), fc.nat(100_000), async (offset, length) => {
          const part = Buffer.from(await source.read(offset, length));
          assert.ok(part.equals(whole.subarray(offset, offset + length)), `${offset} ${length}`);
        }),
        { numRuns: 25 },
      );
      await source.close?.();
    });

  it("asks for its key in its own words, and says when none fits, without any secret", async () => {
    const stranger = await generateX25519Identity();
    const wrong: readonly Key[] = [
      passphrase("hunter2hunter2"),
      ...(await loadKeyFile(join(keyFolder, "key4096.pkcs1.pem"))),
      { kind: "raw", name: "kek", bytes: Buffer.alloc(32, 1) },
      {
        kind: "age",
        name: "other.txt",
        identities: [stranger],
      },
    ];
    for (const [file, scheme, key] of FILES) {
      const bytes = read(file);
      await assert.rejects(open(bytes, file, []), { code: "seal.keyNeeded", file });
      // The right kind is needed for this one to be wrong.
      const isOfKind = /pass-\d$/.test(key) || scheme !== "openpgp";
      const options = scheme === "openssl-enc" ? { opensslEnc: ENC } : {};
      await assert.rejects(open(bytes, file, wrong, options), (error) => {
        assert.ok(error instanceof CryoscopeError, String(error));
        if (isOfKind) assert.equal(error.code, "seal.wrongKey", file);
        const told = JSON.stringify([error.message, error.next, error.stack, String(error.cause)]);
        assert.ok(!/hunter2/.test(told) && !told.includes(stranger));
        return true;
      });
    }
  });

  it("cut off anywhere, or with any byte changed, gives an error or its very bytes, and leaves nothing behind", async () => {
    const spillFolder = await mkdtemp(join(tmpdir(), "seal-test-"));
    try {
      for (const [file, scheme, key, sum] of FILES) {
        // scrypt takes half a second each.
        if (file.includes("scrypt")) continue;
        const bytes = read(file);
        // One passphrase alone: each is tried for half a second.
        const keys = (await keysOf(key)).slice(-1);
        const options = { spillFolder, opensslEnc: ENC };
        const isAuthenticated = scheme === "age" || scheme === "openpgp";
        const attempt = async (changed: Buffer): Promise<void> => {
          try {
            const opened = await openSealed(bufferSource(changed), file, keys, options);
            if (!opened) return;
            const { source } = opened;
            try {
              const plain = await source.read(0, source.size);
              const isSame = createHash("sha256").update(plain).digest("hex") === sum;
              if (isAuthenticated) assert.ok(isSame, `${file}: other bytes that look right`);
            } finally {
              await source.close?.();
            }
          } catch (error) {
            assert.ok(error instanceof CryoscopeError, `${file}: ${String(error)}`);
            assert.match(error.code, /^(seal|bytes)\./);
          }
        };
        const places =
          scheme === "openpgp" ? [9, bytes.length >> 1] : [0, 9, 60, 200, 600, bytes.length >> 1];
        for (const at of [...places, bytes.length - 1]) {
          const flipped = Buffer.from(bytes);
          flipped[at] = (flipped[at] ?? 0) ^ 0x10;
          await attempt(flipped);
          await attempt(bytes.subarray(0, at));
        }
      }
      assert.deepEqual(await readdir(spillFolder), []);
    } finally {
      await rm(spillFolder, { recursive: true, force: true });
    }
  });

  it("that another program must open is named, with what to do", async () => {
    for (const [head, what, next] of [
      ["LUKS\xba\xbe\0\x02", /LUKS volume/, /cryptsetup open/],
      ["vault:v1:8SDd3WHDOjf7mq69CyCqYjBXAiQQAVZRkFM13ok481zoCmHnSeDX9vyf7w==", /Vault/, /vault write/],
      ["$ANSIBLE_VAULT;1.1;AES256\n6162", /Ansible/, /ansible-vault/],
      [
        '{\n\t"data": "ENC[AES256_GCM,data:abc,iv:def,tag:ghi,type:str]",\n\t"sops": {}}',
        /SOPS/,
        /sops --decrypt/,
      ],
      ["-----BEGIN CMS-----\nMIIB\n", /CMS/, /openssl cms/],
    ] as const)
      await assert.rejects(openSealed(bufferSource(Buffer.from(head, "latin1")), "file", []), (error) => {
        assert.ok(error instanceof CryoscopeError);
        assert.equal(error.code, "seal.unsupported");
        assert.match(error.message, what);
        assert.match(error.next ?? "", next);
        return true;
      });
  });

  it("is told from a plain one, and noise from what has a pattern", async () => {
    const corpus = await fixture("corpus/g-podman-none");
    for (const name of readdirSync(corpus).filter((file) => file.endsWith(".tar"))) {
      const source = bufferSource(readFileSync(join(corpus, name)));
      assert.equal(await sealSchemeOf(source), undefined);
      assert.equal(await looksSealed(source), false);
    }
    assert.equal(await looksSealed(bufferSource(read("checkpoint.tar.age").subarray(300))), true);
  });

  it("of openssl opens with openssl's own words, and names those that aren't known", async () => {
    const file = "checkpoint.tar.gz.aes256cbc-pbkdf2-iter200000-sha512.enc";
    const keys = [passphrase("ossl-pass-1")];
    const words = "openssl enc -d -aes-256-cbc -pbkdf2 -iter 200000 -md sha512 -salt";
    const source = await open(read(file), file, keys, { opensslEnc: words });
    await source.close?.();
    await assert.rejects(source.read(0, 1), { code: "seal.disposed" });
    await assert.rejects(open(read(file), file, keys, { opensslEnc: "-aes-256-cbc -pbkdf2" }), {
      code: "seal.wrongKey",
    });
    for (const unknown of ["-camellia-256-cbc", "-aes-256-gcm", "-aes-256-cbc -iter 0", "-aes256 -md blake"])
      await assert.rejects(open(read(file), file, keys, { opensslEnc: unknown }), {
        code: "seal.unsupported",
      });
  });

  it("in which a change would not be noticed says so", async () => {
    for (const [file, scheme, key] of FILES) {
      if (file.includes("scrypt")) continue;
      const opened = await openSealed(bufferSource(read(file)), file, (await keysOf(key)).slice(-1));
      assert.ok(opened);
      await opened.source.close?.();
      const isSilent = scheme === "openssl-enc" || scheme === "cms";
      assert.equal(/would not notice a change/.test(opened.notes.join()), isSilent, file);
    }
  });

  it("of age is opened in chunks: a page of a large one costs a page", async () => {
    const bytes = read("checkpoint.tar.age");
    let readBytes = 0;
    const counted: ByteSource = {
      size: bytes.length,
      read(offset, length) {
        readBytes += length;
        return bufferSource(bytes).read(offset, length);
      },
    };
    const opened = await openSealed(counted, "x.age", await keysOf("age-x25519.txt"));
    assert.ok(opened);
    readBytes = 0;
    await opened.source.read(70_000, 4096);
    assert.ok(readBytes <= 65_552, String(readBytes));
  });
});
