// Keys in memory: what was unlocked is zeros once it has been used. The library's own packets are looked at.
import assert from "node:assert/strict";
import { createMessage, encrypt, generateKey } from "openpgp";
import { bufferSource } from "../../../src/bytes/index.ts";
import { chunkedSource } from "../../../src/seal/chunked.ts";
import { layerSeal } from "../../../src/seal/criusec/layer-seal.ts";
import { forgetKey, openSealed, parseKeys, passphrase } from "../../../src/seal/index.ts";
import type { Key } from "../../../src/seal/index.ts";

/** What the library keeps of a secret key; not in its types. */
interface Packet {
  readonly privateParams?: Readonly<Record<string, unknown>> | null;
  readonly keyMaterial?: Uint8Array | null;
  readonly isEncrypted?: boolean | null;
}

/** Every secret key packet that the library read or unlocked during `work`. */
async function packetsOf(work: () => Promise<unknown>): Promise<readonly Packet[]> {
  const seen = new Set<Packet>();
  const { SecretKeyPacket } = await import("openpgp");
  const { prototype } = SecretKeyPacket as unknown as {
    prototype: Record<string, (this: Packet, ...args: unknown[]) => unknown>;
  };
  const original = { ...Object.fromEntries(["read", "decrypt"].map((name) => [name, prototype[name]])) };
  for (const [name, method] of Object.entries(original))
    prototype[name] = function (this: Packet, ...args) {
      seen.add(this);
      return method?.apply(this, args);
    };
  try {
    await work();
  } finally {
    for (const [name, method] of Object.entries(original)) if (method) prototype[name] = method;
  }
  return [...seen];
}

/** The bytes of unlocked numbers that are not zero. */
function left(packets: readonly Packet[]): { numbers: number; bytes: number } {
  const arrays = packets.flatMap(({ privateParams, keyMaterial, isEncrypted }) => [
    ...Object.values(privateParams ?? {}).filter((value) => value instanceof Uint8Array),
    ...(isEncrypted === false && keyMaterial ? [keyMaterial] : []),
  ]);
  return { numbers: arrays.length, bytes: arrays.filter((bytes) => bytes.some((byte) => byte !== 0)).length };
}

for (const type of ["rsa", "ecc", "curve25519"] as const)
  describe(`an OpenPGP key in memory (${type})`, () => {
    const SECRET = "pgp-pass";
    let armored: string;
    let sealed: Uint8Array;
    before(async function () {
      this.timeout(60_000);
      const pair = await generateKey({
        userIDs: [{ name: "x" }],
        passphrase: SECRET,
        format: "object",
        type,
        ...(type === "rsa" && { rsaBits: 2048 }),
      });
      armored = pair.privateKey.armor();
      const message = await createMessage({ binary: Buffer.from("what was sealed") });
      sealed = await encrypt({ message, encryptionKeys: pair.publicKey, format: "binary" });
    });
    const load = (): Promise<readonly Key[]> => parseKeys(Buffer.from(armored), "key.asc", SECRET);
    async function open(keys: readonly Key[]): Promise<string> {
      const opened = await openSealed(bufferSource(sealed), "x.pgp", keys);
      assert.ok(opened);
      const plain = await opened.source.read(0, 100);
      await opened.source.close?.();
      return Buffer.from(plain).toString();
    }

    it("is overwritten once it has been read, once it has opened something, and once it is forgotten", async () => {
      let keys: readonly Key[] = [];
      const read = await packetsOf(async () => (keys = await load()));
      assert.deepEqual({ ...left(read), numbers: left(read).numbers > 1 }, { numbers: true, bytes: 0 });
      // What it holds now is bytes of ours, and still opens: nothing was overwritten too early.
      for (let time = 0; time < 2; time++) {
        const used = await packetsOf(async () => assert.equal(await open(keys), "what was sealed"));
        assert.deepEqual({ ...left(used), numbers: left(used).numbers > 1 }, { numbers: true, bytes: 0 });
      }
      const [key] = keys;
      assert(key?.kind === "openpgp");
      assert.ok(key.bytes.some((byte) => byte !== 0));
      forgetKey(key);
      assert.ok(key.bytes.every((byte) => byte === 0));
    });

    it("is overwritten too when it opens nothing: a wrong passphrase, a message for another", async () => {
      const locked = await packetsOf(() =>
        assert.rejects(parseKeys(Buffer.from(armored), "key.asc", "wrong"), { code: "seal.wrongPassphrase" }),
      );
      assert.ok(locked.length > 1);
      assert.equal(left(locked).bytes, 0);
      const keys = await load();
      const { publicKey } = await generateKey({ userIDs: [{ name: "y" }], format: "object" });
      const message = await createMessage({ binary: Buffer.from("not for you") });
      const other = await encrypt({ message, encryptionKeys: publicKey, format: "binary" });
      const used = await packetsOf(() =>
        assert.rejects(openSealed(bufferSource(other), "y.pgp", keys), { code: "seal.wrongKey" }),
      );
      assert.deepEqual({ ...left(used), numbers: left(used).numbers > 1 }, { numbers: true, bytes: 0 });
    });
  });

describe("forgotten keys", () => {
  it("of bytes are zeros: passphrases, raw keys, OpenPGP keys", () => {
    for (const key of [
      passphrase("a passphrase"),
      { kind: "raw", name: "kek", bytes: Buffer.alloc(32, 7) },
      { kind: "openpgp", name: "pgp", bytes: Buffer.alloc(32, 7) },
    ] as const) {
      forgetKey(key);
      assert.ok(
        key.bytes.every((byte) => byte === 0),
        key.kind,
      );
    }
  });
});

describe("plaintext in a cache", () => {
  it("is bounded, and overwritten when it leaves the cache and when the source is closed", async () => {
    const given: Uint8Array[] = [];
    let keys = 1;
    const source = chunkedSource(
      {
        size: 100,
        chunkSize: 10,
        open(index) {
          const bytes = new Uint8Array(10).fill(index + 1);
          given.push(bytes);
          return Promise.resolve(bytes);
        },
        dispose: () => void (keys = 0),
      },
      3,
    );
    const left = (): number => given.filter((bytes) => bytes.some((byte) => byte !== 0)).length;
    const plain = await source.read(0, 100);
    assert.deepEqual(
      [...plain],
      Array.from({ length: 100 }, (_, at) => Math.floor(at / 10) + 1),
    );
    await Promise.resolve();
    assert.deepEqual([given.length, left()], [10, 3]);
    // Several at once do not overwrite what another is about to copy.
    const reads = await Promise.all([0, 30, 60, 90, 0, 50].map((at) => source.read(at, 10)));
    assert.deepEqual(
      reads.map((bytes) => [...new Set(bytes)]),
      [[1], [4], [7], [10], [1], [6]],
    );
    const unfinished = source.read(0, 100);
    await source.close?.();
    await assert.rejects(unfinished, { code: "seal.disposed" });
    assert.deepEqual([left(), keys], [0, 0]);
  });

  it("goes with the keys of its layer", () => {
    const record = new Uint8Array(32).fill(1);
    const pages = { key: new Uint8Array(64).fill(2), tweak: new Uint8Array(16) };
    layerSeal({ record, pages }, "", "cipher.img").dispose();
    assert.ok([...record, ...pages.key].every((byte) => byte === 0));
  });
});
