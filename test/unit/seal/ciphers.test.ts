import assert from "node:assert/strict";
import { createCipheriv, createDecipheriv, getCiphers, randomBytes } from "node:crypto";
import { plainXorPagesIn } from "../../../src/bytes/index.ts";
import { openRecordNatively, openRecordPortably } from "../../../src/seal/ciphers/chacha.ts";
import { bestCiphers, nativeCiphers, portableCiphers } from "../../../src/seal/ciphers/index.ts";
import { counterAt } from "../../../src/seal/ctr-source.ts";
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

  it("come out the same where the runtime has no vectors", () => {
    for (const pageSize of [512, 4096, 65536]) {
      const [key, tweak, sealed] = [randomBytes(64), randomBytes(16), randomBytes(pageSize * 3)];
      assert.deepEqual(
        maskedXts(key, tweak, plainXorPagesIn).open(sealed, pageSize),
        maskedXts(key, tweak).open(sealed, pageSize),
      );
    }
  });

  it("are not changed by what follows them when their size is no multiple of a vector's round", () => {
    const [key, tweak, sealed] = [randomBytes(64), randomBytes(16), randomBytes(48 * 100)];
    const whole = Buffer.from(maskedXts(key, tweak).open(sealed, 48));
    for (let page = 0; page < 100; page++)
      assert.ok(
        createDecipheriv("aes-256-xts", key, tweak)
          .update(sealed.subarray(page * 48, (page + 1) * 48))
          .equals(whole.subarray(page * 48, (page + 1) * 48)),
        `page ${page}`,
      );
  });

  it("are opened in their place, many a call, as OpenSSL opens each alone", () => {
    for (const [pageSize, count] of [
      [4096, 300],
      [4096, 1],
      [48, 4000],
      [65536, 9],
    ] as const) {
      const [key, tweak] = [randomBytes(64), randomBytes(16)];
      const cipher = maskedXts(key, tweak);
      const desk = cipher.desk(pageSize);
      const room = Math.floor(desk.bytes.length / pageSize);
      assert.equal(desk.bytes.length, room * pageSize);
      for (let first = 0; first < count; first += room) {
        const pages = Math.min(room, count - first);
        const sealed = randomBytes(pages * pageSize);
        desk.bytes.set(sealed);
        desk.open(sealed.length);
        for (let at = 0; at < sealed.length; at += pageSize) {
          const alone = createDecipheriv("aes-256-xts", key, tweak).update(
            sealed.subarray(at, at + pageSize),
          );
          assert.ok(alone.equals(desk.bytes.subarray(at, at + pageSize)), `page ${first} + ${at / pageSize}`);
        }
        // The same cipher opens others meanwhile.
        const other = nativeXts(key, tweak).open(sealed, pageSize);
        assert.ok(Buffer.from(cipher.open(sealed, pageSize)).equals(other));
      }
      desk.close();
    }
  });

  it("leave nothing in the memory that was lent when it is given back, or when the seal is disposed", () => {
    const cipher = maskedXts(randomBytes(64), randomBytes(16));
    const [one, two] = [cipher.desk(4096), cipher.desk(4096)];
    for (const desk of [one, two]) {
      desk.bytes.set(randomBytes(8192));
      desk.open(8192);
      assert.ok(desk.bytes.some((byte) => byte !== 0));
    }
    one.close();
    assert.ok(one.bytes.every((byte) => byte === 0));
    cipher.dispose();
    assert.ok(two.bytes.every((byte) => byte === 0));
    // What was lent to two readers was two memories, and closing twice gives back once.
    two.close();
    assert.notEqual(one.bytes.buffer, two.bytes.buffer);
  });

  it("stay as they were given out when others are opened or the seal is disposed", () => {
    const masked = maskedXts(randomBytes(64), randomBytes(16));
    const first = Buffer.from(masked.open(randomBytes(8192), 4096));
    const kept = Buffer.from(first);
    masked.open(randomBytes(8192), 4096);
    masked.dispose();
    // What was given out is the caller's, and no view of what is used again.
    assert.ok(first.equals(kept));
  });

  it("are opened many in a call, whatever the runtime has", () => {
    assert.equal(bestCiphers(["aes-256-ecb"]).xts, maskedXts);
    assert.equal(bestCiphers(["aes-256-ecb", "aes-256-xts"]).xts, maskedXts);
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

const PROVIDERS = { native: nativeCiphers, portable: portableCiphers };

/** The four blocks of NIST SP 800-38A, and the AES-256 key of its examples. */
const BLOCKS = hex(
  `6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51
   30c81c46a35ce411e5fbc1191a0a52ef f69f2445df4f9b17ad2b417be66c3710`,
);
const NIST_KEY = hex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");

for (const [name, ciphers] of Object.entries(PROVIDERS))
  describe(`published vectors, ${name}`, () => {
    it("AES-256-CTR (NIST SP 800-38A, F.5.6)", () => {
      const counter = hex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
      const sealed = hex(
        `601ec313775789a5b7a7f504bbf3d228 f443e3ca4d62b59aca84e990cacaf5c5
         2b0930daa23de94ce87017ba2d84988d dfc9c58db67aada613c2dd08457941a6`,
      );
      assert.deepEqual(Buffer.from(ciphers.ctr(NIST_KEY, counter, sealed)), BLOCKS);
      const third = ciphers.ctr(NIST_KEY, counterAt(counter, 2n), sealed.subarray(32));
      assert.deepEqual(Buffer.from(third), BLOCKS.subarray(32));
    });

    it("AES-256-CBC (NIST SP 800-38A, F.2.6)", () => {
      const iv = hex("000102030405060708090a0b0c0d0e0f");
      const sealed = hex(
        `f58c4c04d6e5f1ba779eabfb5f7bfbd6 9cfc4e967edb808d679f777bc6702c7d
         39f23369a9d9bacfa530e26304231461 b2eb05e2c39be9fcda6c19078c6a9d1b`,
      );
      assert.deepEqual(Buffer.from(ciphers.cbc(NIST_KEY, iv, sealed)), BLOCKS);
    });

    it("AES-256-GCM with associated data (NIST's submission of GCM, test case 16)", () => {
      const key = hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
      const nonce = hex("cafebabefacedbaddecaf888");
      const sealed = hex(
        `522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa
         8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662`,
      );
      const plain = hex(
        `d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72
         1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39`,
      );
      const tag = hex("76fc6ece0f4e1768cddf8853bb2d551b");
      const associated = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
      assert.deepEqual(Buffer.from(ciphers.gcm(key, nonce, sealed, tag, associated) ?? []), plain);
      assert.equal(ciphers.gcm(key, nonce, sealed, tag), undefined);
      assert.equal(ciphers.gcm(key, nonce, sealed, tag.subarray(0, 4), associated), undefined);
    });

    it("AES key wrap (RFC 3394, 4.6)", () => {
      const kek = hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
      const wrapped = hex("28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21");
      const key = hex("00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f");
      assert.deepEqual(Buffer.from(ciphers.unwrap(kek, wrapped) ?? []), key);
      wrapped[3] = (wrapped[3] ?? 0) ^ 1;
      assert.equal(ciphers.unwrap(kek, wrapped), undefined);
    });

    it("AES-256-XTS (IEEE 1619, vector 10)", () => {
      const key = hex(
        `2718281828459045235360287471352662497757247093699959574966967627
         3141592653589793238462643383279502884197169399375105820974944592`,
      );
      const tweak = Buffer.alloc(16);
      tweak[0] = 0xff;
      const plain = Buffer.from(Array.from({ length: 512 }, (_, index) => index & 0xff));
      const sealed = Buffer.from(ciphers.xts(key, tweak).seal(plain, 512));
      const expected = "1c3b3a102f770386e4836c99e370cf9bea00803f5e482357a4ae12d414a3e63b";
      assert.equal(sealed.toString("hex", 0, 32), expected);
      assert.deepEqual(Buffer.from(ciphers.xts(key, tweak).open(sealed, 512)), plain);
    });

    it("ChaCha20 of RFC 8439, 2.8.2, sealed and opened", () => {
      const key = hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
      const nonce = hex("070000004041424344454647");
      const plain = Buffer.from("Ladies and Gentlemen of the class of '99: ");
      const { ciphertext, tag } = ciphers.sealRecord(key, nonce, plain);
      assert.equal(Buffer.from(ciphertext).toString("hex", 0, 16), "d31a8d34648e60db7b86afbc53ef7ec2");
      assert.deepEqual(Buffer.from(ciphers.openRecord(key, nonce, ciphertext, tag) ?? []), plain);
    });
  });

describe("the two providers", () => {
  it("agree on AES of every key length, on any bytes, at odd places of a buffer, and when the counter wraps", () => {
    for (const keyLength of [16, 24, 32])
      for (const length of [0, 1, 15, 16, 17, 4096, 65_537]) {
        const [key, nonce, iv] = [randomBytes(keyLength), randomBytes(12), Buffer.alloc(16, 0xff)];
        const bytes = Buffer.concat([Buffer.alloc(3), randomBytes(length)]).subarray(3);
        const both = <T>(use: (ciphers: typeof nativeCiphers) => T): readonly [T, T] => [
          use(nativeCiphers),
          use(portableCiphers),
        ];
        const same = ([a, b]: readonly [Uint8Array, Uint8Array]): void => {
          assert.ok(Buffer.from(a).equals(b), `${keyLength} ${length}`);
        };
        same(both((ciphers) => ciphers.ctr(key, iv, bytes)));
        const blocks = bytes.subarray(0, length - (length % 16));
        same(both((ciphers) => ciphers.cbc(key, iv, blocks)));
        const cipher = createCipheriv(`aes-${keyLength * 8}-gcm` as "aes-256-gcm", key, nonce);
        const sealed = Buffer.concat([cipher.update(bytes), cipher.final()]);
        same(both((ciphers) => ciphers.gcm(key, nonce, sealed, cipher.getAuthTag()) ?? Buffer.of(1)));
      }
  });
});
