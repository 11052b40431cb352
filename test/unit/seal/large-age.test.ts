// An archive of 2 GiB that is sealed with age, made as it is read: nobody has to have it.
import assert from "node:assert/strict";
import { createCipheriv, hkdfSync } from "node:crypto";
import { Encrypter, generateX25519Identity, identityToRecipient, Stanza } from "age-encryption";
import { openNested } from "../../../src/archive/index.ts";
import type { ByteSource } from "../../../src/bytes/index.ts";
import { openSealed } from "../../../src/seal/index.ts";

const GIB = 2 ** 30;
const MIB = 2 ** 20;
const CHUNK = 64 * 1024;
const BLOCK = 512;

/** A tar header (POSIX ustar); sizes past 8 GiB aren't needed. */
function tarHeader(name: string, size: number): Buffer {
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0);
  header.write("0000644\0", 100);
  header.write(`${size.toString(8).padStart(11, "0")}\0`, 124);
  header.write("00000000000\0", 136);
  header.write("        0", 148);
  header.write("ustar\x0000", 257);
  const sum = header.reduce((all, byte) => all + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}

describe("an archive of 2 GiB that is sealed with age", () => {
  let sealed: ByteSource;
  let identity: string;
  let readBytes = 0;
  const last = Buffer.alloc(BLOCK, "the last file of the archive ");

  before(async () => {
    // The tar: a file of 2 GiB whose page N begins with its number, then a small one.
    const first = tarHeader("pages-1.img", 2 * GIB);
    const second = tarHeader("last.txt", last.length);
    const size = BLOCK + 2 * GIB + 2 * BLOCK + 2 * BLOCK;
    const plain = (offset: number, length: number): Buffer => {
      const bytes = Buffer.alloc(length);
      for (let page = Math.ceil((offset - BLOCK) / 4096); page * 4096 + BLOCK + 8 <= offset + length; page++)
        if (page >= 0 && page * 4096 < 2 * GIB)
          bytes.writeBigUInt64LE(BigInt(page), page * 4096 + BLOCK - offset);
      if (offset < BLOCK) first.copy(bytes, 0, offset);
      for (const [at, piece] of [
        [BLOCK + 2 * GIB, second],
        [2 * BLOCK + 2 * GIB, last],
      ] as const)
        if (at >= offset && at < offset + length) piece.copy(bytes, at - offset);
      return bytes;
    };
    // The library's own header; its file key is overheard, and seals the chunks as they are asked for.
    let fileKey = new Uint8Array(0);
    identity = await generateX25519Identity();
    const encrypter = new Encrypter();
    encrypter.addRecipient(await identityToRecipient(identity));
    encrypter.addRecipient({
      wrapFileKey(key) {
        fileKey = Uint8Array.from(key);
        return [new Stanza(["overheard"], new Uint8Array(16))];
      },
    });
    const empty = Buffer.from(await encrypter.encrypt(new Uint8Array(0)));
    // What is behind the header: a nonce of 16 bytes, and one chunk of nothing but a tag.
    const head = empty.subarray(0, -16);
    const key = Buffer.from(hkdfSync("sha256", fileKey, head.subarray(-16), "payload", 32));
    const chunks = Math.ceil(size / CHUNK);
    const seal = (index: number): Buffer => {
      const nonce = Buffer.alloc(12);
      nonce.writeUIntBE(index, 5, 6);
      nonce[11] = index === chunks - 1 ? 1 : 0;
      const cipher = createCipheriv("chacha20-poly1305", key, nonce, { authTagLength: 16 });
      const text = plain(index * CHUNK, Math.min(CHUNK, size - index * CHUNK));
      return Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]);
    };
    const sealedSize = head.length + size + chunks * 16;
    sealed = {
      size: sealedSize,
      read(offset, length) {
        const end = Math.min(sealedSize, offset + length);
        readBytes += Math.max(0, end - offset);
        const pieces: Buffer[] = [];
        for (let at = offset; at < end;) {
          const index = at < head.length ? -1 : Math.floor((at - head.length) / (CHUNK + 16));
          const start = index < 0 ? 0 : head.length + index * (CHUNK + 16);
          const piece = (index < 0 ? head : seal(index)).subarray(at - start, end - start);
          pieces.push(piece);
          at += piece.length;
        }
        return Promise.resolve(Buffer.concat(pieces));
      },
    };
  });

  it("is opened, listed, and read at its end, for a few chunks", async () => {
    const began = process.memoryUsage().rss;
    const opened = await openSealed(sealed, "large.tar.age", [
      { kind: "age", name: "identity", identities: [identity] },
    ]);
    assert.ok(opened);
    const tree = await openNested(opened.source, "large.tar");
    const names = (await tree.list("")).map(({ name, size }) => `${name} ${size}`);
    assert.deepEqual(names.toSorted(), [`last.txt ${last.length}`, `pages-1.img ${2 * GIB}`]);
    const pages = await tree.open("pages-1.img");
    const page = Buffer.from(await pages.read(1.5 * GIB, 4096));
    assert.equal(page.readBigUInt64LE(0), BigInt((1.5 * GIB) / 4096));
    const text = await tree.open("last.txt");
    assert.ok(Buffer.from(await text.read(0, text.size)).equals(last));
    await Promise.all([pages.close?.(), text.close?.()]);
    await tree.close();
    await opened.source.close?.();
    // The header takes up to a mebibyte, to find its end in.
    assert.ok(readBytes < 4 * MIB, `${readBytes} bytes were read`);
    assert.ok(process.memoryUsage().rss - began < 200 * MIB);
  });
});
