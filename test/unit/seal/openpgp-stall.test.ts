// What a wrong passphrase makes of a message is chance; where it looks like a packet with something in it, the library's
// streams wait for each other for ever. Such a passphrase is looked for here, as one comes by in twenty.
import assert from "node:assert/strict";
import { createCipheriv, createHash, randomBytes } from "node:crypto";
import { bufferSource } from "../../../src/bytes/index.ts";
import { openSealed, passphrase } from "../../../src/seal/index.ts";

const SALT = Buffer.from("8 bytes.");
/** More than the library is given in one piece. */
const PLAIN = randomBytes(300_000);

/** Salted, SHA-256 (RFC 9580, 3.7.1.2). */
const keyOf = (words: string): Buffer => createHash("sha256").update(SALT).update(words).digest();

const packet = (tag: number, ...parts: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([Buffer.of(0xc0 | tag, 255), length, body]);
};

/** What is enciphered: 16 bytes and two of them again, a literal packet, and SHA-1 of all at its end (5.13.1). */
function cipherText(words: string): Buffer {
  const random = randomBytes(16);
  const literal = packet(11, Buffer.from("b"), Buffer.alloc(5), PLAIN);
  const whole = Buffer.concat([random, random.subarray(14), literal, Buffer.of(0xd3, 0x14)]);
  const digest = createHash("sha1").update(whole).digest();
  return createCipheriv("aes-256-cfb", keyOf(words), Buffer.alloc(16)).update(Buffer.concat([whole, digest]));
}

/** The first byte behind the prefix, as another passphrase has it. */
function firstByte(bytes: Buffer, words: string): number {
  const block = createCipheriv("aes-256-ecb", keyOf(words), null).update(bytes.subarray(0, 16));
  return (bytes[18] ?? 0) ^ (block[2] ?? 0);
}

describe("an OpenPGP message for a passphrase", () => {
  it("opens behind a wrong one of which the library makes a packet that nobody reads", async () => {
    const bytes = cipherText("the right one");
    let wrong = "";
    // Tag 9 in the old format: enciphered data.
    for (let index = 0; wrong === ""; index++)
      if ((firstByte(bytes, `wrong ${index}`) & 0xfc) === 0xa4) wrong = `wrong ${index}`;
    const message = Buffer.concat([packet(3, Buffer.of(4, 9, 1, 8), SALT), packet(18, Buffer.of(1), bytes)]);
    const keys = [passphrase(wrong, "a wrong one"), passphrase("the right one", "the right one")];
    const opened = await openSealed(bufferSource(message), "sealed.gpg", keys);
    assert.equal(opened?.openedBy, "the right one");
    assert.deepEqual(Buffer.from(await opened.source.read(0, opened.source.size)), PLAIN);
    await opened.source.close?.();
  });
});
