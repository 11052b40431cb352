import assert from "node:assert/strict";
import { createCipheriv, getCiphers, randomBytes } from "node:crypto";
import { openRecordNatively, openRecordPortably } from "../../../src/seal/ciphers/chacha.ts";
import { bestCiphers } from "../../../src/seal/ciphers/index.ts";
import { maskedXts, nativeXts } from "../../../src/seal/ciphers/xts.ts";

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ""), "hex");

describe("pages under AES-256-XTS", () => {
  before(function () {
    if (!getCiphers().includes("aes-256-xts")) this.skip();
  });

  it("come out the same with the runtime's XTS and with ECB and a mask", () => {
    for (const pageSize of [4096, 16384, 65536])
      for (const pages of [0, 1, 3, 40]) {
        const key = randomBytes(64);
        const tweak = randomBytes(16);
        const plain = randomBytes(pages * pageSize);
        const sealed = Buffer.concat(
          Array.from({ length: pages }, (_, page) =>
            createCipheriv("aes-256-xts", key, tweak).update(
              plain.subarray(page * pageSize, (page + 1) * pageSize),
            ),
          ),
        );
        // Read at an odd place of a larger buffer too.
        const shifted = Buffer.concat([Buffer.alloc(3), sealed]).subarray(3);
        for (const way of [nativeXts, maskedXts])
          for (const input of [sealed, shifted])
            assert.ok(
              plain.equals(way(key, tweak).open(input, pageSize)),
              `${way.name} ${pageSize} ${pages}`,
            );
      }
  });

  it("may change their size from one call to the next", () => {
    const key = randomBytes(64);
    const tweak = randomBytes(16);
    const sealed = randomBytes(65536);
    const masked = maskedXts(key, tweak);
    for (const pageSize of [4096, 65536, 4096])
      assert.ok(
        Buffer.from(masked.open(sealed, pageSize)).equals(nativeXts(key, tweak).open(sealed, pageSize)),
      );
  });

  it("are opened by what the runtime has", () => {
    assert.equal(bestCiphers(["aes-256-ecb"]).xts, maskedXts);
    assert.equal(bestCiphers(["aes-256-ecb", "aes-256-xts"]).xts, nativeXts);
  });
});

describe("records under ChaCha20-Poly1305", () => {
  it("open as RFC 8439 says, apart from its associated data", () => {
    // Key and nonce of 2.8.2; the tag over no associated data is OpenSSL's.
    const key = hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
    const nonce = hex("070000004041424344454647");
    const plain = Buffer.from("Ladies and Gentlemen of the class of '99");
    const cipher = createCipheriv("chacha20-poly1305", key, nonce, { authTagLength: 16 });
    const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
    assert.deepEqual(sealed.subarray(0, 16), hex("d31a8d34648e60db7b86afbc53ef7ec2"));
    for (const open of [openRecordNatively, openRecordPortably]) {
      assert.deepEqual(Buffer.from(open(key, nonce, sealed, cipher.getAuthTag()) ?? []), plain);
      assert.equal(open(key, nonce, sealed, Buffer.alloc(16)), undefined);
      assert.equal(open(key, Buffer.alloc(12), sealed, cipher.getAuthTag()), undefined);
    }
  });

  it("come out the same natively and portably, of any length", () => {
    for (const length of [0, 1, 63, 64, 65, 4096, 100_000]) {
      const [key, nonce, plain] = [randomBytes(32), randomBytes(12), randomBytes(length)];
      const cipher = createCipheriv("chacha20-poly1305", key, nonce, { authTagLength: 16 });
      const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
      for (const open of [openRecordNatively, openRecordPortably])
        assert.ok(plain.equals(open(key, nonce, sealed, cipher.getAuthTag()) ?? Buffer.alloc(1)));
    }
  });

  it("are opened by what the runtime has", () => {
    assert.equal(bestCiphers([]).openRecord, openRecordPortably);
    assert.equal(bestCiphers(["chacha20-poly1305"]).openRecord, openRecordNatively);
  });
});
