import assert from "node:assert/strict";
import { createCipheriv, getCiphers } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { createMessage, decryptSessionKeys, encrypt, readMessage, readPrivateKey } from "openpgp";
import { bufferSource } from "../../../src/bytes/index.ts";
import { nativeCiphers, portableCiphers } from "../../../src/seal/ciphers/index.ts";
import type { OpenOcb } from "../../../src/seal/ciphers/index.ts";
import { loadKeyFile, openSealed, passphrase } from "../../../src/seal/index.ts";
import type { Key } from "../../../src/seal/index.ts";
import { OcbContent, ocbPacketOf } from "../../../src/seal/openpgp/aead.ts";
import { fixture } from "../fixtures.ts";

/** Not every runtime has OCB. */
const PROVIDERS: Readonly<Record<string, OpenOcb>> = {
  ...(getCiphers().includes("aes-256-ocb") && { native: nativeCiphers.ocb }),
  portable: portableCiphers.ocb,
};

const hex = (text: string): Buffer => Buffer.from(text, "hex");
/** Bytes 00, 01, 02 …: what the vectors of RFC 7253 (appendix A) are made of. */
const counted = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, at) => at));

describe("AES-OCB", () => {
  /** Nonce, length of the associated data, of the plaintext, and the ciphertext with its tag. */
  const VECTORS = [
    ["BBAA99887766554433221100", 0, 0, "785407BFFFC8AD9EDCC5520AC9111EE6"],
    ["BBAA99887766554433221101", 8, 8, "6820B3657B6F615A5725BDA0D3B4EB3A257C9AF1F8F03009"],
    ["BBAA99887766554433221102", 8, 0, "81017F8203F081277152FADE694A0A00"],
    ["BBAA99887766554433221103", 0, 8, "45DD69F8F5AAE72414054CD1F35D82760B2CD00D2F99BFA9"],
    ["BBAA99887766554433221104", 16, 16, "571D535B60B277188BE5147170A9A22C3AD7A4FF3835B8C5701C1CCEC8FC3358"],
  ] as const;

  for (const [name, ocb] of Object.entries(PROVIDERS)) {
    it(`deciphers the vectors of RFC 7253: ${name}`, () => {
      for (const [nonce, associated, plain, sealed] of VECTORS) {
        const bytes = hex(sealed);
        const message = ocb(counted(16), hex(nonce), counted(associated));
        assert.deepEqual(message.end(bytes.subarray(0, -16), bytes.subarray(-16)), counted(plain), nonce);
      }
    });

    it(`gives what the runtime has sealed, in whatever pieces, and notices any change: ${name}`, () => {
      fc.assert(
        fc.property(
          fc.constantFrom(16, 24, 32),
          fc.uint8Array({ minLength: 1, maxLength: 15 }),
          fc.uint8Array({ maxLength: 40 }),
          fc.uint8Array({ maxLength: 100_000, size: "max" }),
          fc.nat(),
          (bits, nonce, associated, plain, at) => {
            const key = Buffer.alloc(bits, 7);
            // The runtime's own table of names.
            const cipher = createCipheriv(`aes-${bits * 8}-ocb` as "aes-256-ocb", key, nonce, {
              authTagLength: 16,
            });
            cipher.setAAD(associated);
            const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
            const tag = cipher.getAuthTag();
            const message = ocb(key, nonce, associated);
            const cut = Math.floor((at % (sealed.length + 1)) / 16) * 16;
            const first = message.update(sealed.subarray(0, cut));
            const rest = message.end(sealed.subarray(cut), tag);
            assert.ok(rest && Buffer.concat([first, rest]).equals(plain));
            const all = Buffer.concat([sealed, tag]);
            const place = at % all.length;
            all[place] = (all[place] ?? 0) ^ (1 << (at % 8));
            assert.equal(ocb(key, nonce, associated).end(all.subarray(0, -16), all.subarray(-16)), undefined);
          },
        ),
        { numRuns: 100 },
      );
    });
  }
});

describe("an OpenPGP message sealed with OCB", () => {
  let folder: string;
  let secret: readonly Key[];
  let armored: string;
  let plain: Buffer;
  before(async () => {
    folder = await fixture("sealed/ocb");
    const keys = join(await fixture("sealed/archives"), "keys");
    secret = await loadKeyFile(join(keys, "pgp.sec.gpg"));
    armored = readFileSync(join(keys, "pgp.sec.asc"), "utf8");
    plain = readFileSync(join(folder, "plain"));
  });
  const read = (file: string): Buffer => readFileSync(join(folder, file));

  async function opened(bytes: Uint8Array, keys: readonly Key[]): Promise<Buffer> {
    const found = await openSealed(bufferSource(bytes), "x.gpg", keys);
    assert.ok(found);
    try {
      return Buffer.from(await found.source.read(0, found.source.size));
    } finally {
      await found.source.close?.();
    }
  }

  for (const [file, length] of [
    ["passphrase.gpg", 3000],
    ["aes128.gpg", 3000],
    ["key.gpg", 3000],
    ["key.asc", 3000],
    ["key-bzip2.gpg", 3000],
    ["whole-1015.gpg", 1015],
    ["whole-1016.gpg", 1016],
  ] as const)
    it(`of GnuPG 2.4 in chunks of 256 bytes opens: ${file}`, async () => {
      const keys = [...secret, passphrase("not this one"), passphrase("pw-1")];
      assert.ok((await opened(read(file), keys)).equals(plain.subarray(0, length)));
    });

  it("of the library, in the form of RFC 9580, opens", async () => {
    const long = Buffer.alloc(1_000_000, "cryoscope ");
    const config = { aeadProtect: true, preferredAEADAlgorithm: 2, aeadChunkSizeByte: 8 } as const;
    const message = await createMessage({ binary: long });
    const sealed = await encrypt({ message, format: "binary", config, passwords: "pw-1" });
    const packet = [...(await readMessage({ binaryMessage: sealed })).packets].map(ocbPacketOf);
    assert.ok(packet.some((each) => each?.tag === 18 && each.version === 2));
    assert.ok((await opened(sealed, [passphrase("pw-1")])).equals(long));
  });

  /** Our own reading of a packet, without the library's. */
  async function contentOf(bytes: Uint8Array, sessionKey: Uint8Array): Promise<OcbContent | undefined> {
    const message = await readMessage({ binaryMessage: bytes });
    const packet = [...message.packets].map(ocbPacketOf).find((each) => each !== undefined);
    return packet && OcbContent.of(packet, sessionKey);
  }

  it("is deciphered here, and what was changed or cut in it is not authentic", async () => {
    const key = await readPrivateKey({ armoredKey: armored });
    const bytes = read("whole-1016.gpg");
    const message = await readMessage({ binaryMessage: bytes });
    const [session] = await decryptSessionKeys({ message, decryptionKeys: key });
    assert.ok(session);
    const whole = await contentOf(bytes, session.data);
    assert.ok(whole);
    const pieces: Uint8Array[] = [];
    for await (const piece of whole.pieces) pieces.push(piece);
    assert.ok(Buffer.concat(pieces).includes(plain.subarray(0, 1016)));
    assert.equal(await whole.isAuthentic(), true);

    const isAuthentic = async (changed: Uint8Array): Promise<boolean> => {
      try {
        return (await (await contentOf(changed, session.data))?.isAuthentic()) === true;
      } catch {
        // Lengths of packets are not sealed; the library finds them wrong.
        return false;
      }
    };
    assert.equal(await isAuthentic(Buffer.from(bytes)), true);
    // From the packet's version on.
    for (let at = bytes.length - 1016 - 5 * 16 - 28; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
      assert.equal(await isAuthentic(changed), false, `byte ${at}`);
    }
    for (let end = bytes.length - 1100; end < bytes.length; end += 7)
      assert.equal(await isAuthentic(bytes.subarray(0, end)), false, `cut at ${end}`);
  });

  it("whose chunks were left out, repeated or changed places is not authentic", async () => {
    const sessionKey = Buffer.alloc(32, 3);
    const iv = Buffer.alloc(15, 5);
    const head = Buffer.from([0xd4, 1, 9, 2, 2]);
    const number = (value: number): Buffer => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64BE(BigInt(value));
      return bytes;
    };
    const sealed = (index: number, bytes: Uint8Array, more: Uint8Array = Buffer.alloc(0)): Buffer => {
      const nonce = Buffer.from(iv);
      nonce[14] = 5 ^ index;
      const cipher = createCipheriv("aes-256-ocb", sessionKey, nonce, { authTagLength: 16 });
      cipher.setAAD(Buffer.concat([head, number(index), more]));
      return Buffer.concat([cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
    };
    const [a, b, c] = [0, 1, 2].map((index) => sealed(index, Buffer.alloc(256, index)));
    assert.ok(a && b && c);
    const end = (chunks: number): Buffer => sealed(chunks, Buffer.alloc(0), number(chunks * 256));
    const isAuthentic = async (...parts: readonly Buffer[]): Promise<boolean> => {
      async function* encrypted(): AsyncGenerator<Uint8Array> {
        // Cut so that no piece ends with a block.
        const all = Buffer.concat(parts);
        for (let at = 0; at < all.length; at += 37) yield await Promise.resolve(all.subarray(at, at + 37));
      }
      const packet = { tag: 20, version: 1, cipher: 9, chunkByte: 2, iv, salt: undefined };
      const content = OcbContent.of({ ...packet, encrypted: encrypted() }, sessionKey);
      assert.ok(content);
      return content.isAuthentic();
    };
    assert.equal(await isAuthentic(a, b, c, end(3)), true);
    assert.equal(await isAuthentic(a, b, end(2)), true);
    for (const [what, parts] of Object.entries({
      "the last is missing": [a, b, end(3)],
      "one is missing": [a, c, end(3)],
      "two changed places": [b, a, c, end(3)],
      "one is repeated": [a, b, b, c, end(4)],
      "the end is missing": [a, b, c],
      "there is something behind the end": [a, b, c, end(3), Buffer.alloc(16)],
      "all are missing": [end(3)],
    }))
      assert.equal(await isAuthentic(...parts), false, what);
  });

  it("is called changed when its key fits, and a wrong key when a passphrase doesn't", async () => {
    const changed = read("key.gpg");
    changed[changed.length - 700] = (changed[changed.length - 700] ?? 0) ^ 1;
    await assert.rejects(opened(changed, secret), { code: "seal.notAuthentic" });
    await assert.rejects(opened(read("key.gpg").subarray(0, -300), secret), { code: "seal.notAuthentic" });
    await assert.rejects(opened(read("passphrase.gpg"), [passphrase("pw-2")]), { code: "seal.wrongKey" });
  });
});
