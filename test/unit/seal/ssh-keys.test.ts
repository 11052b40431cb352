// SSH keys as OpenSSH 10.0 writes them, and files that age 1.2.1 sealed for them.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { bufferSource, CryoscopeError, readChunks } from "../../../src/bytes/index.ts";
import { sealWithAge } from "../../../src/seal/age/index.ts";
import { loadKeyFile, openSealed, parseKeys, passphrase } from "../../../src/seal/index.ts";
import type { Key, SealTarget } from "../../../src/seal/index.ts";
import { fixture } from "../fixtures.ts";

const PASS = "ssh-pass-1";

describe("a key of SSH", () => {
  let folder: string;
  let plain: Buffer;
  before(async () => {
    folder = await fixture("sealed/ssh");
    plain = read("small.tar.gz");
  });
  const read = (file: string): Buffer => readFileSync(join(folder, file));
  const keys = (file: string, secret?: string): Promise<readonly Key[]> =>
    loadKeyFile(join(folder, file), secret);

  async function open(bytes: Uint8Array, given: readonly Key[]): Promise<Buffer> {
    const opened = await openSealed(bufferSource(bytes), "small.tar.gz.age", given);
    assert.ok(opened);
    try {
      return Buffer.from(await opened.source.read(0, opened.source.size));
    } finally {
      await opened.source.close?.();
    }
  }

  for (const [file, key] of [
    ["small.tar.gz.ed25519.age", "id_ed25519"],
    ["small.tar.gz.rsa.age", "id_rsa"],
    ["small.tar.gz.rsa.age", "id_rsa.pem"],
    ["small.tar.gz.three.age", "id_ed25519"],
    ["small.tar.gz.three.age", "id_rsa"],
    ["small.tar.gz.three.age", "age.txt"],
  ] as const)
    it(`${key} opens ${file} of age`, async () => {
      assert.ok((await open(read(file), await keys(key))).equals(plain));
    });

  for (const file of ["id_ed25519.pass", "id_ed25519.cbc", "id_rsa.gcm"])
    it(`${file} needs its passphrase, and the right one`, async () => {
      await assert.rejects(keys(file), { code: "seal.passphraseNeeded" });
      await assert.rejects(keys(file, "hunter2hunter2"), (error: CryoscopeError) => {
        assert.equal(error.code, "seal.wrongPassphrase");
        assert.ok(!JSON.stringify([error.message, error.stack]).includes("hunter2"));
        return true;
      });
      const [key] = await keys(file, PASS);
      const [same] = await keys(file.slice(0, file.indexOf(".")));
      assert.ok(key?.kind === "ed25519" || key?.kind === "rsa");
      assert.ok(same?.kind === key.kind && same.fingerprint === key.fingerprint);
      assert.ok((await open(read("small.tar.gz.three.age"), [key])).equals(plain));
    });

  it("is the same as in PEM: its fingerprint is openssl's, and its public half is ssh-keygen's", async () => {
    const [rsa] = await keys("id_rsa");
    const [pem] = await keys("id_rsa.pem");
    assert.ok(rsa?.kind === "rsa" && pem?.kind === "rsa");
    assert.equal(rsa.fingerprint, pem.fingerprint);
    const [ed25519] = await keys("id_ed25519");
    assert.ok(ed25519?.kind === "ed25519");
    for (const [key, file] of [
      [rsa, "id_rsa.pub"],
      [ed25519, "id_ed25519.pub"],
    ] as const) {
      const [, encoded = ""] = read(file).toString().split(" ");
      assert.equal(Buffer.from(key.sshPublicKey).toString("base64"), encoded);
    }
    const [ec] = await keys("id_ecdsa");
    assert.ok(ec?.kind === "ec" && ec.curve === "P-521");
  });

  it("that is sealed in a way of its own, in a token, or for a plugin, is called by its name", async () => {
    await assert.rejects(keys("id_ed25519.chacha", PASS), (error: CryoscopeError) => {
      assert.equal(error.code, "seal.unsupported");
      assert.match(`${error.message} ${error.next ?? ""}`, /chacha20-poly1305.*ssh-keygen -p -Z aes256-ctr/s);
      return true;
    });
    const identity = "# YubiKey\nAGE-PLUGIN-YUBIKEY-1QYPQXPQ9QCRSSZG2PVXQ6RS0ZQG3YYC5Z5TPWXQERGD3C8G7RUSQ\n";
    await assert.rejects(parseKeys(Buffer.from(identity), "yubikey.txt"), {
      code: "seal.unsupported",
      message: /age plugin yubikey/,
    });
    const sealed = read("small.tar.gz.ed25519.age").toString("latin1");
    const ofPlugin = sealed.replace(/-> ssh-ed25519 \S+/, "-> piv-p256 rYM5qg");
    await assert.rejects(open(Buffer.from(ofPlugin, "latin1"), []), (error: CryoscopeError) => {
      assert.equal(error.code, "seal.unsupported");
      assert.match(`${error.message} ${error.next ?? ""}`, /YubiKey.*age -d -i IDENTITY/s);
      return true;
    });
  });

  it("is asked for by its kind, and the wrong one is told from none", async () => {
    await assert.rejects(open(read("small.tar.gz.ed25519.age"), []), (error: CryoscopeError) => {
      assert.equal(error.code, "seal.keyNeeded");
      assert.match(error.next ?? "", /Ed25519 key of SSH/);
      return true;
    });
    const [other] = await keys("ed25519.pkcs8.pem");
    assert.ok(other?.kind === "ed25519");
    await assert.rejects(open(read("small.tar.gz.ed25519.age"), [other]), { code: "seal.wrongKey" });
    // An RSA key is none for a file that no RSA key can open.
    await assert.rejects(open(read("small.tar.gz.ed25519.age"), await keys("id_rsa")), {
      code: "seal.keyNeeded",
    });
  });

  it("or passphrase that something is sealed for opens it again", async () => {
    const [ed25519 = "", rsa = ""] = ["id_ed25519.pub", "id_rsa.pub"].map((file) =>
      read(file).toString().trim(),
    );
    const targets: readonly (readonly [Exclude<SealTarget, { kind: "criu" }>, readonly Key[]])[] = [
      [{ kind: "age", recipients: [ed25519] }, await keys("id_ed25519")],
      [{ kind: "age", recipients: [ed25519, rsa] }, await keys("id_rsa")],
      [{ kind: "passphrase", passphrase: passphrase("age-pass-1") }, [passphrase("age-pass-1")]],
    ];
    for (const [target, given] of targets) {
      const pieces: Uint8Array[] = [];
      const sealed = await sealWithAge(target, readChunks(bufferSource(plain), { chunk: 100 }));
      for await (const piece of sealed) pieces.push(piece);
      const bytes = Buffer.concat(pieces);
      assert.match(bytes.toString("latin1", 0, 80), /^age-encryption.org\/v1\n-> (ssh-ed25519|scrypt) /);
      assert.ok((await open(bytes, given)).equals(plain));
    }
  });

  it("that is damaged anywhere is an error of ours or the same key, and never another one", async () => {
    const text = read("id_ed25519").toString("latin1");
    const [whole] = await keys("id_ed25519");
    assert.ok(whole?.kind === "ed25519");
    const [, body = ""] = /-----\n([^-]+)-----/.exec(text) ?? [];
    const bytes = Buffer.from(body, "base64");
    await fc.assert(
      fc.asyncProperty(
        fc.nat(bytes.length - 1),
        fc.integer({ min: 1, max: 255 }),
        fc.boolean(),
        async (at, change, cut) => {
          const changed = cut ? bytes.subarray(0, at) : Buffer.from(bytes);
          if (!cut) changed[at] = (changed[at] ?? 0) ^ change;
          const pem = `-----BEGIN OPENSSH PRIVATE KEY-----\n${changed.toString("base64")}\n-----END OPENSSH PRIVATE KEY-----\n`;
          try {
            const [key] = await parseKeys(Buffer.from(pem), "id_ed25519", "x");
            // What isn't authenticated in the file: the public half outside, and comments.
            assert.ok(key?.kind === "ed25519");
          } catch (error) {
            assert.ok(error instanceof CryoscopeError, String(error));
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it("is opened with each file's hash as age itself opened it", () => {
    assert.equal(
      createHash("sha256").update(plain).digest("hex"),
      "8630e58ddce17af19be104a6e76bc03ba4c71c37ef5ea3ecd02e3416f08d043f",
    );
  });
});
