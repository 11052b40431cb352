// Kinds of images that no sealed dump at hand has: records made by hand as CRIU PR 2297 frames them, with the runtime's own
// ChaCha20-Poly1305, around what CRIU's Python library wrote and decoded.
import assert from "node:assert/strict";
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { bufferSource } from "../../../src/bytes/index.ts";
import { critJson, openImage } from "../../../src/criu/index.ts";
import { layerSeal } from "../../../src/seal/criusec/layer-seal.ts";
import { recordWriter } from "../../../src/seal/criusec/record-writer.ts";
import { sealImage } from "../../../src/seal/criusec/seal-image.ts";
import { fixture } from "../fixtures.ts";

/** As CRIU names them, and as the fixture does. */
const KINDS = [
  ["apparmor.img", "apparmor.img"],
  ["autofs-41.img", "autofs.img"],
  ["cgroup.img", "cgroup.img"],
  ["cpuinfo.img", "cpuinfo.img"],
  ["irmap-cache", "irmap_cache.img"],
  ["pidns-9.img", "pidns.img"],
  ["tty-data.img", "tty_data.img"],
  ["userns-9.img", "userns.img"],
] as const;
const key = randomBytes(32);
const CIPHER = "chacha20-poly1305";

/** `{ u32 size, message }` up to the end, behind two magics. */
function messagesOf(image: Buffer): readonly Buffer[] {
  const messages: Buffer[] = [];
  for (let at = 8; at < image.length; at += 4 + image.readUInt32LE(at))
    messages.push(image.subarray(at + 4, at + 4 + image.readUInt32LE(at)));
  return messages;
}

function sealed(image: Buffer): Buffer {
  const pieces = [image.subarray(0, 8)];
  for (const message of messagesOf(image)) {
    const size = Buffer.alloc(4);
    size.writeUInt32LE(message.length);
    pieces.push(size);
    if (message.length === 0) continue;
    const nonce = randomBytes(12);
    const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: 16 });
    pieces.push(cipher.update(message), cipher.final(), cipher.getAuthTag(), nonce);
  }
  return Buffer.concat(pieces);
}

function unsealed(image: Buffer): Buffer {
  const pieces = [image.subarray(0, 8)];
  for (let at = 8; at < image.length;) {
    const size = image.readUInt32LE(at);
    pieces.push(image.subarray(at, at + 4));
    at += 4;
    if (size === 0) continue;
    const [tag, nonce] = [
      image.subarray(at + size, at + size + 16),
      image.subarray(at + size + 16, at + size + 28),
    ];
    const cipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: 16 }).setAuthTag(tag);
    pieces.push(cipher.update(image.subarray(at, at + size)), cipher.final());
    at += size + 28;
  }
  return Buffer.concat(pieces);
}

for (const [name, file] of KINDS)
  describe(`a sealed ${name}`, () => {
    let plain: Buffer;
    let root: string;
    before(async () => {
      root = await fixture("crit/every-message");
      plain = await readFile(join(root, "img", file));
    });

    it("is read as crit reads the plain one", async () => {
      const seal = layerSeal({ record: Uint8Array.from(key), pages: undefined }, "", "cipher.img");
      const image = await openImage(name, bufferSource(sealed(plain)), { seal });
      assert.ok(image.entryCount > 0);
      let text = "";
      for await (const piece of critJson(image)) text += piece;
      assert.equal(text, await readFile(join(root, "plain", `${file}.json`), "utf8"));
      seal.dispose();
    });

    it("is written so that the runtime's cipher alone opens it", async () => {
      const writer = recordWriter(Uint8Array.from(key), () => randomBytes(12));
      const pieces: Uint8Array[] = [];
      const content = await sealImage(name, bufferSource(plain), writer, () =>
        assert.fail("it stays readable"),
      );
      for await (const piece of content ?? assert.fail("it is left as it is")) pieces.push(piece);
      const ours = Buffer.concat(pieces);
      assert.equal(
        ours.length,
        plain.length + 28 * messagesOf(plain).filter(({ length }) => length > 0).length,
      );
      assert.ok(unsealed(ours).equals(plain));
    });
  });

describe("a sealed binfmt-misc.img", () => {
  // crit has no handler for this kind: these are messages as Google's protobuf for Python wrote them.
  const MESSAGES = [
    "0a0871656d752d61726d10011a182f7573722f62696e2f71656d752d61726d2d73746174696322034f4346320e37663435346334363031303130313a0f6666666666666666666666666666654000",
    "0a036a617210001a0e2f7573722f62696e2f6a657865632a036a6172",
  ].map((text) => Buffer.from(text, "hex"));
  const plain = Buffer.concat([
    Buffer.from("1943565423333467", "hex"),
    ...MESSAGES.flatMap((message) => [Buffer.of(message.length, 0, 0, 0), message]),
  ]);

  it("is read field by field, and written so that the runtime's cipher alone opens it", async () => {
    const seal = layerSeal({ record: Uint8Array.from(key), pages: undefined }, "", "cipher.img");
    const image = await openImage("binfmt-misc.img", bufferSource(sealed(plain)), { seal });
    const read: string[] = [];
    for await (const { message, problems } of image.entries()) {
      assert.deepEqual(problems, []);
      read.push(message.fields.map(({ name, value }) => `${name}=${String(value)}`).join(" "));
    }
    seal.dispose();
    assert.deepEqual(read, [
      "name=qemu-arm enabled=true interpreter=/usr/bin/qemu-arm-static flags=OCF magic=7f454c46010101 mask=ffffffffffffffe offset=0",
      "name=jar enabled=false interpreter=/usr/bin/jexec extension=jar",
    ]);
    const writer = recordWriter(Uint8Array.from(key), () => randomBytes(12));
    const content = await sealImage("binfmt-misc.img", bufferSource(plain), writer);
    const pieces: Uint8Array[] = [];
    for await (const piece of content ?? assert.fail("it is left as it is")) pieces.push(piece);
    assert.ok(!Buffer.concat(pieces).includes("qemu"));
    assert.ok(unsealed(Buffer.concat(pieces)).equals(plain));
  });
});
