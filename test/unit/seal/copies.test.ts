import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  isAgeRecipient,
  loadKeyFile,
  passphrase,
  readRecipients,
  sealCopy,
  unsealCopy,
} from "../../../src/seal/index.ts";
import type { Key, SealTarget } from "../../../src/seal/index.ts";
import { FileUnlocker } from "../../../src/vscode/keys/file-unlocker.ts";
import type { UnlockOptions } from "../../../src/vscode/keys/file-unlocker.ts";
import { fixture } from "../fixtures.ts";

describe("a sealed copy", () => {
  let scratch: string;
  let simple: string;
  let keys: string;
  let archives: string;
  let certificate: SealTarget;
  let key: readonly Key[];
  before(async () => {
    scratch = await mkdtemp(join(tmpdir(), "copies-"));
    simple = await fixture("sealed/simple-enc");
    keys = await fixture("sealed/keys");
    archives = await fixture("sealed/archives");
    certificate = await readRecipients([join(keys, "key1.cert.pem")]);
    key = await loadKeyFile(join(keys, "key1.pkcs8.pem"));
  });
  after(() => rm(scratch, { recursive: true, force: true }));

  /** Aborts when so many bytes have been written. */
  function cancelledAfter(bytes: number): { signal: AbortSignal; onBytes: (total: number) => void } {
    const controller = new AbortController();
    return {
      signal: controller.signal,
      onBytes(total) {
        if (total >= bytes) controller.abort();
      },
    };
  }

  it("that is cancelled leaves nothing behind, in whatever scheme", async () => {
    const age: SealTarget = { kind: "passphrase", passphrase: passphrase("p") };
    for (const [name, target] of [
      ["cancelled.age", age],
      ["cancelled", certificate],
    ] as const) {
      const out = join(scratch, name);
      await assert.rejects(sealCopy(join(simple, "plain"), target, out, cancelledAfter(100_000)), {
        name: "AbortError",
      });
    }
    const out = join(scratch, "unsealed");
    await assert.rejects(unsealCopy(join(simple, "enc"), out, { keys: key, ...cancelledAfter(10_000) }), {
      name: "AbortError",
    });
    // A folder that was there stays, and so does what somebody else put into it meanwhile.
    const given = join(scratch, "given");
    await mkdir(given);
    const watch = cancelledAfter(10_000);
    const putting = {
      signal: watch.signal,
      onBytes(total: number) {
        void writeFile(join(given, "another's"), "x");
        watch.onBytes(total);
      },
    };
    await assert.rejects(unsealCopy(join(simple, "enc"), given, { keys: key, ...putting }));
    assert.deepEqual(await readdir(scratch), ["given"]);
    assert.deepEqual(await readdir(given), ["another's"]);
    await rm(given, { recursive: true });
  });

  it("is not made from what needs another key, and says so before anything is written", async () => {
    const other = await loadKeyFile(join(keys, "key4096.pkcs1.pem"));
    const out = join(scratch, "none");
    await assert.rejects(unsealCopy(join(simple, "enc"), out, { keys: other }), { code: "seal.wrongKey" });
    await assert.rejects(unsealCopy(join(simple, "enc"), out), { code: "seal.keyNeeded" });
    const sealed = join(archives, "checkpoint.tar.age");
    await assert.rejects(sealCopy(sealed, certificate, out), { code: "seal.keyNeeded" });
    assert.deepEqual(await readdir(scratch), []);
  });

  it("of an archive that is sealed as a whole is sealed anew, not twice", async () => {
    const identities = await loadKeyFile(join(archives, "keys/age-x25519.txt"));
    const out = join(scratch, "again.age");
    const target: SealTarget = { kind: "passphrase", passphrase: passphrase("p") };
    const opened: string[] = [];
    await sealCopy(join(archives, "checkpoint.tar.age"), target, out, {
      keys: identities,
      openedBy: (name) => opened.push(name),
    });
    assert.deepEqual(opened, ["age-x25519.txt"]);
    const plain = join(scratch, "plain");
    await unsealCopy(out, plain, { keys: [passphrase("p")] });
    const names = (await readdir(plain, { recursive: true })).map((name) => name.split("/").at(-1));
    assert.ok(names.includes("pages-1.img"), names.join());
    await Promise.all([out, plain].map((path) => rm(path, { recursive: true })));
  });

  it("goes through no link, and over no file", async () => {
    const elsewhere = join(scratch, "elsewhere");
    await mkdir(elsewhere);
    const link = join(scratch, "link");
    await symlink(join(elsewhere, "file"), link);
    const target: SealTarget = { kind: "passphrase", passphrase: passphrase("p") };
    const sealed = join(archives, "checkpoint.tar.gz.sym.gpg");
    await assert.rejects(sealCopy(sealed, target, link, { keys: [passphrase("gpg-pass-1")] }), {
      code: "seal.unwritable",
    });
    await rm(link);
    await symlink(elsewhere, link);
    await writeFile(join(elsewhere, "there"), "x");
    await assert.rejects(sealCopy(join(simple, "plain"), certificate, link), { code: "seal.unwritable" });
    assert.deepEqual(await readdir(elsewhere), ["there"]);
    await Promise.all([link, elsewhere].map((path) => rm(path, { recursive: true })));
  });

  it("is for whom was named: age and certificates apart, and nobody by mistake", async () => {
    assert.equal(certificate.kind, "criu");
    const ssh = await readRecipients([join(archives, "keys/ssh_ed25519.pub")]);
    assert.ok(ssh.kind === "age" && ssh.recipients.length === 1);
    const pem = join(keys, "key1.cert.pem");
    for (const words of [[], [pem, pem], [pem, ...ssh.recipients], [join(keys, "key1.pkcs8.pem")], [keys]])
      await assert.rejects(readRecipients(words), { code: "seal.notARecipient" });
    assert.ok(!isAgeRecipient("AGE-SECRET-KEY-1QQQ") && !isAgeRecipient("age1 and more"));
  });

  it("is read by the openssl program, which knows nothing of us: keys, records and pages", async function () {
    const out = join(scratch, "for-openssl");
    await sealCopy(join(simple, "plain"), certificate, out);
    const openssl = async (input: Buffer, ...args: readonly string[]): Promise<Buffer> => {
      const child = promisify(execFile)("openssl", args, { encoding: "buffer" });
      child.child.stdin?.end(input);
      return (await child).stdout;
    };
    // cipher.img: two magics, a length, then four byte fields of a message (field number << 3 | 2).
    const cipher = await readFile(join(out, "cipher.img"));
    const fields: Buffer[] = [];
    for (let at = 12; at < cipher.length;) {
      let length = 0;
      let shift = 0;
      at++;
      for (let more = true; more; at++, shift += 7) {
        const byte = cipher[at] ?? 0;
        length |= (byte & 0x7f) << shift;
        more = byte >= 0x80;
      }
      fields.push(cipher.subarray(at, at + length));
      at += length;
    }
    const [token, aesKey, iv, digest] = fields;
    assert.ok(token && aesKey && iv?.length === 16 && digest?.length === 32);
    const privateKey = join(keys, "key1.pkcs8.pem");
    const unwrap = (wrapped: Buffer): Promise<Buffer> =>
      openssl(wrapped, "pkeyutl", "-decrypt", "-inkey", privateKey, "-pkeyopt", "rsa_padding_mode:pkcs1");
    const recordKey = await unwrap(token);
    const pageKey = await unwrap(aesKey);
    assert.deepEqual([recordKey.length, pageKey.length], [32, 64]);

    // A record: length, ciphertext, tag, nonce. ChaCha20's block counter is 1 for the first block of text (RFC 8439, 2.8).
    const core = await readFile(join(out, "core-10993.img"));
    const length = core.readUInt32LE(8);
    const nonce = core.subarray(12 + length + 16, 12 + length + 28);
    const text = await openssl(
      core.subarray(12, 12 + length),
      ...["enc", "-chacha20", "-d", "-K", recordKey.toString("hex")],
      ...["-iv", `01000000${nonce.toString("hex")}`],
    );
    const plain = await readFile(join(simple, "plain/core-10993.img"));
    assert.ok(text.equals(plain.subarray(12, 12 + length)));

    // A page: openssl's command line has no XTS, so by its AES-ECB, and the tweaks of IEEE 1619 on both sides of it.
    const ecb = (bytes: Buffer, aes: Buffer, ...how: readonly string[]): Promise<Buffer> =>
      openssl(bytes, "enc", "-aes-256-ecb", "-nopad", ...how, "-K", aes.toString("hex"));
    const page = (await readFile(join(out, "pages-1.img"))).subarray(4096, 8192);
    let tweak = BigInt(
      `0x${Buffer.from(await ecb(iv, pageKey.subarray(32)))
        .reverse()
        .toString("hex")}`,
    );
    const mask = Buffer.alloc(4096);
    for (let block = 0; block < 256; block++) {
      Buffer.from(tweak.toString(16).padStart(32, "0"), "hex")
        .reverse()
        .copy(mask, block * 16);
      tweak <<= 1n;
      if (tweak >> 128n) tweak = (tweak & ((1n << 128n) - 1n)) ^ 0x87n;
    }
    const xor = (bytes: Buffer): Buffer => Buffer.from(bytes.map((byte, at) => byte ^ (mask[at] ?? 0)));
    const deciphered = xor(await ecb(xor(page), pageKey.subarray(0, 32), "-d"));
    assert.ok(deciphered.equals((await readFile(join(simple, "plain/pages-1.img"))).subarray(4096, 8192)));
    await rm(out, { recursive: true });
  });
});

describe("parameters of openssl enc", () => {
  const wrong = Object.assign(new Error("wrong"), { code: "seal.wrongKey" });

  it("are asked for behind the passphrase alone, and never for another file", async () => {
    const archives = await fixture("sealed/archives");
    const { sealErrors } = await import("../../../src/seal/index.ts");
    const questions: string[] = [];
    let state: unknown;
    const asks: boolean[] = [];
    const unlocker = new FileUnlocker(
      {
        async unlock(_what, attempt) {
          let last: unknown = wrong;
          for (const asked of [false, true])
            try {
              asks.push(asked);
              return await attempt([], () => undefined, asked);
            } catch (error) {
              last = error;
            }
          throw last;
        },
      },
      { get: () => state, update: (_key, value) => Promise.resolve(void (state = value)) },
      (file) => {
        questions.push(file);
        return Promise.resolve("-aes-128-cbc");
      },
    );
    const needs =
      (file: string) =>
      (_keys: readonly Key[], { opensslEnc }: UnlockOptions): Promise<{ readonly is: string }> =>
        opensslEnc === "-aes-128-cbc"
          ? Promise.resolve({ is: "open" })
          : Promise.reject(sealErrors.wrongKey(file, ["p"]));
    const none = (): void => undefined;
    const enc = "checkpoint.tar.gz.aes256cbc-pbkdf2.enc";
    assert.deepEqual(await unlocker.unlock(join(archives, enc), needs(enc), none), { is: "open" });
    assert.deepEqual([questions, asks], [[enc], [false, true]]);
    // What is kept of it: a digest and openssl's words.
    assert.match(JSON.stringify(state), /^\{"[0-9a-f]{32}":"-aes-128-cbc"\}$/);
    assert.deepEqual(await unlocker.unlock(join(archives, enc), needs(enc), none), { is: "open" });
    assert.equal(questions.length, 1);
    const age = "checkpoint.tar.age";
    await assert.rejects(unlocker.unlock(join(archives, age), needs(age), none), { code: "seal.wrongKey" });
    assert.equal(questions.length, 1);
  });
});
