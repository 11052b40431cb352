// The user's own gpg with its agent: a home that is made here, with the key of the fixtures in it.
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { createCipheriv, createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { encryptSessionKey, readKey } from "openpgp";
import { bufferSource, CryoscopeError } from "../../../src/bytes/index.ts";
import { openSealed } from "../../../src/seal/index.ts";
import type { GpgAgent } from "../../../src/seal/index.ts";
import { fixture } from "../fixtures.ts";

const run = promisify(execFile);

describe("gpg and its agent", function () {
  this.timeout(60_000);
  let archives: string;
  let home: string | undefined;
  let gpg: GpgAgent;
  before(async function () {
    try {
      execFileSync("gpg", ["--version"]);
    } catch {
      this.skip();
    }
    archives = await fixture("sealed/archives");
    // A short path: the agent's sockets are in it.
    home = mkdtempSync("/tmp/gh-");
    gpg = { kind: "gpg", name: "gpg", home };
    await run("gpg", [
      "--homedir",
      home,
      "--batch",
      "--quiet",
      "--import",
      join(archives, "keys/pgp.sec.asc"),
    ]);
  });
  after(async () => {
    if (home === undefined) return;
    await run("gpgconf", ["--homedir", home, "--kill", "gpg-agent"]).catch(() => undefined);
    rmSync(home, { recursive: true, force: true });
  });
  const read = (file: string): Buffer => readFileSync(join(archives, file));

  async function sumOf(bytes: Buffer, key: GpgAgent): Promise<string> {
    const opened = await openSealed(bufferSource(bytes), "x.gpg", [key]);
    assert.ok(opened);
    try {
      const plain = await opened.source.read(0, opened.source.size);
      return createHash("sha256").update(plain).digest("hex");
    } finally {
      await opened.source.close?.();
    }
  }

  for (const file of ["checkpoint.tar.gz.pub.gpg", "checkpoint.tar.gz.pub.asc"])
    it(`open ${file} with a key that nobody has given us`, async () => {
      assert.equal(
        await sumOf(read(file), gpg),
        "f0f14fd8274dc008834fee0f7c66711c03554dd08377dd739bf827fb1e053b72",
      );
    });

  it("give nothing of a message that was changed, whatever gpg has written before its end", async () => {
    const bytes = read("checkpoint.tar.gz.pub.gpg");
    for (const at of [0.4, 0.7, 0.999].map((part) => Math.floor(bytes.length * part))) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await assert.rejects(sumOf(changed, gpg), (error) => {
        assert.ok(error instanceof CryoscopeError, String(error));
        assert.ok(["seal.notAuthentic", "seal.wrongKey"].includes(error.code), error.code);
        return true;
      });
    }
  });

  it("say so when they have no key for it, and when there is no gpg", async () => {
    const empty = mkdtempSync("/tmp/gh-");
    try {
      await assert.rejects(sumOf(read("checkpoint.tar.gz.pub.gpg"), { ...gpg, home: empty }), {
        code: "seal.wrongKey",
      });
    } finally {
      await run("gpgconf", ["--homedir", empty, "--kill", "gpg-agent"]).catch(() => undefined);
      rmSync(empty, { recursive: true, force: true });
    }
    await assert.rejects(
      sumOf(read("checkpoint.tar.gz.pub.gpg"), { ...gpg, program: "gpg-that-is-not-there" }),
      {
        code: "seal.programFailed",
        message: /not installed/,
      },
    );
  });

  it("say of a message that nothing authenticates what it is, and give nothing of it", async () => {
    const sessionKey = randomBytes(32);
    const recipient = await readKey({
      binaryKey: Uint8Array.from(readFileSync(join(archives, "keys/pgp.pub.gpg"))),
    });
    const wrapped = await encryptSessionKey({
      data: sessionKey,
      algorithm: "aes256",
      encryptionKeys: recipient,
      format: "binary",
    });
    // RFC 9580, 5.7: packet 9, in OpenPGP's CFB, which begins anew behind a prefix that tells a wrong key.
    const cfb = (iv: Uint8Array, bytes: Uint8Array): Buffer =>
      createCipheriv("aes-256-cfb", sessionKey, iv).update(bytes);
    const noise = randomBytes(16);
    const head = cfb(Buffer.alloc(16), Buffer.concat([noise, noise.subarray(14)]));
    const text = Buffer.from("of nobody in particular");
    const literal = Buffer.concat([Buffer.of(0xcb, text.length + 6, 0x62, 0), Buffer.alloc(4), text]);
    const body = Buffer.concat([head, cfb(head.subarray(2), literal)]);
    const message = Buffer.concat([wrapped, Buffer.of(0xc9, body.length), body]);
    const args = ["--homedir", home ?? "", "--batch", "--quiet", "--ignore-mdc-error", "--decrypt"];
    // gpg reads it when it is told to.
    assert.deepEqual(execFileSync("gpg", args, { input: message, stdio: ["pipe", "pipe", "ignore"] }), text);
    await assert.rejects(sumOf(message, gpg), (error) => {
      assert.ok(error instanceof CryoscopeError && error.code === "seal.unsupported", String(error));
      assert.match(error.message, /nothing authenticates/);
      assert.match(error.next ?? "", /--ignore-mdc-error/);
      return true;
    });
  });
});
