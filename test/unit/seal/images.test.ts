import assert from "node:assert/strict";
import { createCipheriv, createHash, createHmac, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openFolder, openWithin, type FileTree } from "../../../src/archive/index.ts";
import { bufferSource, CryoscopeError } from "../../../src/bytes/index.ts";
import { loadKeyFile, openOciLayer, parseKeys, TREE_SCHEMES } from "../../../src/seal/index.ts";
import type { Key, SealedLayerDescriptor } from "../../../src/seal/index.ts";
import { fixture } from "../fixtures.ts";

const [ocicrypt] = TREE_SCHEMES;
assert(ocicrypt);
/** Of the layer before it was sealed. */
const PLAIN_LAYER = "blobs/sha256/6ad064eac3a05cd2771bcc71b02fdd0d3592e026fc9916398f89a82d82b872ae";

describe("an encrypted container image", () => {
  let root: string;
  before(async () => {
    root = await fixture("sealed/ocicrypt");
  });
  const keysOf = async (...names: readonly string[]): Promise<readonly Key[]> =>
    (await Promise.all(names.map((name) => loadKeyFile(join(root, "keys", name), "jwe-pass")))).flat();

  async function within<T>(name: string, use: (tree: FileTree) => Promise<T>): Promise<T> {
    const tree = await openFolder(join(root, name));
    try {
      return await use(tree);
    } finally {
      await tree.close();
    }
  }

  for (const [image, key] of [
    ["enc-jwe-rsa", "jwe-rsa.key.pem"],
    ["enc-jwe-ec", "jwe-ec.key.pem"],
    ["enc-jwe-ec", "jwe-ec.key.pkcs8.pem"],
    ["enc-multi", "jwe-rsa.key.pem"],
    ["enc-multi", "jwe-rsa-enc.key.pem"],
    ["enc-multi", "jwe-rsa-enc.trad.pem"],
    ["enc-multi", "pkcs7.key.pem"],
    ["enc-pkcs7", "pkcs7.key.pem"],
    ["enc-pgp", "pgp.sec.gpg"],
    ["enc-pgp", "pgp.sec.asc"],
  ] as const)
    it(`${image} of skopeo opens with ${key}, to the layer that was sealed`, () =>
      within(image, async (tree) => {
        assert.equal(await ocicrypt.matches(tree), true);
        // Keys that don't fit do no harm.
        const keys = await keysOf("jwe-ec.key.pem", "pkcs7.key.pem", key);
        const { tree: open } = await ocicrypt.open(tree, keys, {});
        const source = await open.open(PLAIN_LAYER);
        const sum = createHash("sha256").update(await source.read(0, source.size));
        assert.equal(`blobs/sha256/${sum.digest("hex")}`, PLAIN_LAYER);
        const checkpoint = await openWithin(open);
        assert.equal((await checkpoint.stat("checkpoint/inventory.img"))?.kind, "file");
        await checkpoint.close();
      }));

  it("is told from a plain one", () =>
    within("plain-oci", async (tree) => assert.equal(await ocicrypt.matches(tree), false)));

  it("says which keys would open it", () =>
    within("enc-multi", async (tree) => {
      await assert.rejects(ocicrypt.open(tree, [], {}), {
        code: "seal.keyNeeded",
        next: "Give the RSA private key (RSA-OAEP); or the RSA private key (PKCS#7).",
      });
      await assert.rejects(ocicrypt.open(tree, await keysOf("pgp.sec.gpg"), {}), { code: "seal.keyNeeded" });
      const other = await loadKeyFile(join(await fixture("sealed/keys"), "key1.pkcs8.pem"));
      await assert.rejects(ocicrypt.open(tree, other, {}), { code: "seal.wrongKey" });
    }));
});

const base64 = (value: string | Uint8Array): string => Buffer.from(value).toString("base64");

/** A layer sealed as containers/ocicrypt does, its key in these annotations. */
function sealedLayer(
  plain: Buffer,
  wrap: (options: Buffer) => Readonly<Record<string, string>>,
): { descriptor: SealedLayerDescriptor; blob: Buffer } {
  const [key, nonce] = [randomBytes(32), randomBytes(16)];
  const blob = createCipheriv("aes-256-ctr", key, nonce).update(plain);
  const options = {
    symkey: base64(key),
    digest: `sha256:${createHash("sha256").update(plain).digest("hex")}`,
    cipheroptions: { nonce: base64(nonce) },
  };
  const pubopts = {
    cipher: "AES_256_CTR_HMAC_SHA256",
    hmac: base64(createHmac("sha256", key).update(blob).digest()),
    cipheroptions: {},
  };
  const annotations = {
    "org.opencontainers.image.enc.pubopts": base64(JSON.stringify(pubopts)),
    ...wrap(Buffer.from(JSON.stringify(options))),
  };
  const mediaType = "application/vnd.oci.image.layer.v1.tar+encrypted";
  return { descriptor: { mediaType, digest: "sha256:layer", annotations }, blob };
}

const PLAIN = randomBytes(3_000_000);
const AGENT = "org.opencontainers.image.enc.keys.provider.attestation-agent";

/** KBS packets, as guest-components write them. */
function kbsPacket(kek: Buffer, version: 1 | 2, options: Buffer, kid = "kbs:///default/key/1"): string {
  const iv = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", kek, iv);
  const wrapped = Buffer.concat([cipher.update(options), cipher.final(), cipher.getAuthTag()]);
  const packet = { kid, wrapped_data: base64(wrapped), iv: base64(iv), wrap_type: "A256GCM" };
  const second = { version: "0.1.0", provider: "kbs", provider_settings: {}, annotations: {} };
  return base64(JSON.stringify(version === 1 ? packet : { ...packet, ...second }));
}

describe("a layer whose key a key broker keeps", () => {
  const kek = randomBytes(32);
  const raw: Key = { kind: "raw", name: "kek.bin", bytes: kek };

  for (const version of [1, 2] as const)
    it(`opens with the broker's key from a file (packet version ${version})`, async () => {
      const { descriptor, blob } = sealedLayer(PLAIN, (options) => ({
        [AGENT]: kbsPacket(kek, version, options),
      }));
      const { source, openedBy } = await openOciLayer(descriptor, bufferSource(blob), [raw]);
      assert.equal(openedBy, "kek.bin");
      assert.ok(PLAIN.equals(await source.read(0, PLAIN.length)));
      assert.ok(PLAIN.subarray(70_001, 80_000).equals(await source.read(70_001, 9_999)));
      const other: Key = { kind: "raw", name: "other", bytes: randomBytes(32) };
      await assert.rejects(openOciLayer(descriptor, bufferSource(blob), [other]), { code: "seal.wrongKey" });
      await assert.rejects(openOciLayer(descriptor, bufferSource(blob), []), {
        code: "seal.keyNeeded",
        next: /"default\/key\/1"/,
      });
    });

  it("opens with what the broker gives for a token, and never tells the token to others", async () => {
    const asked: string[] = [];
    let answer: { status: number; body: Buffer } = { status: 200, body: kek };
    const server = createServer((request, response) => {
      asked.push(`${request.method ?? ""} ${request.url ?? ""} ${request.headers.authorization ?? ""}`);
      response
        .writeHead(answer.status, answer.status === 302 ? { location: "/elsewhere" } : {})
        .end(answer.body);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    // A server that listens on TCP has an address with a port.
    const { port } = server.address() as AddressInfo;
    const [broker] = await parseKeys(
      Buffer.from(JSON.stringify({ kbs: { url: `http://127.0.0.1:${port}/`, token: "the-token" } })),
      "kbs.json",
    );
    assert(broker);
    try {
      const seal = (kid?: string) =>
        sealedLayer(PLAIN, (options) => ({ [AGENT]: kbsPacket(kek, 2, options, kid) }));
      // A host in the key's name is not asked: it would get the token.
      const { descriptor, blob } = seal("kbs://evil.example:1/repository/type/tag");
      const { source } = await openOciLayer(descriptor, bufferSource(blob), [broker]);
      assert.ok(PLAIN.equals(await source.read(0, PLAIN.length)));
      assert.deepEqual(asked, ["GET /kbs/v0/resource/repository/type/tag Bearer the-token"]);
      for (const [status, body, why] of [
        [401, "", /does not know the token/],
        [403, "", /does not allow/],
        [404, "", /has no such key/],
        [302, "", /can't be reached/],
        [200, "x".repeat(100_000), /far too long/],
        [200, "no key", /no key/],
      ] as const) {
        answer = { status, body: Buffer.from(body) };
        await assert.rejects(openOciLayer(descriptor, bufferSource(blob), [broker]), (error) => {
          assert.ok(error instanceof CryoscopeError);
          assert.equal(error.code, "seal.brokerFailed");
          assert.match(error.message, why);
          assert.ok(!JSON.stringify([error.message, error.next, String(error.cause)]).includes("the-token"));
          return true;
        });
      }
      const climbing = seal("kbs:///../../admin");
      await assert.rejects(openOciLayer(climbing.descriptor, bufferSource(climbing.blob), [broker]), {
        code: "seal.wrongKey",
      });
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });
});

describe("a layer whose key a program unwraps", () => {
  const provider = "org.opencontainers.image.enc.keys.provider.test";
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "provider-"));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  async function keyOf(script: string): Promise<readonly Key[]> {
    const path = join(folder, "provider.cjs");
    await writeFile(path, script);
    const config = { "key-providers": { test: { cmd: { path: process.execPath, args: [path] } } } };
    return parseKeys(Buffer.from(JSON.stringify(config)), "ocicrypt.conf");
  }
  /** As the protocol has it; the packet is the options with every byte inverted. */
  const SCRIPT = `
    let text = ""; process.stdin.on("data", (d) => (text += d)).on("end", () => {
      const { op, keyunwrapparams: { annotation } } = JSON.parse(text);
      if (op !== "keyunwrap") process.exit(1);
      const optsdata = Buffer.from(Buffer.from(annotation, "base64").map((b) => b ^ 255)).toString("base64");
      process.stdout.write(JSON.stringify({ keyunwrapresults: { optsdata } }));
    });`;

  it("opens by ocicrypt's keyprovider protocol", async () => {
    const { descriptor, blob } = sealedLayer(PLAIN, (options) => ({
      [provider]: base64(options.map((byte) => byte ^ 255)),
    }));
    const { source, openedBy } = await openOciLayer(descriptor, bufferSource(blob), await keyOf(SCRIPT));
    assert.equal(openedBy, "ocicrypt.conf");
    assert.ok(PLAIN.equals(await source.read(0, PLAIN.length)));
    await assert.rejects(openOciLayer(descriptor, bufferSource(blob), []), { next: /key provider "test"/ });
  });

  it("says so when the program fails, babbles, or isn't there", async () => {
    const { descriptor, blob } = sealedLayer(PLAIN, (options) => ({ [provider]: base64(options) }));
    const open = async (keys: readonly Key[]): Promise<unknown> =>
      openOciLayer(descriptor, bufferSource(blob), keys);
    await assert.rejects(open(await keyOf("process.exit(3)")), { code: "seal.wrongKey" });
    await assert.rejects(open(await keyOf("console.log('hello')")), { code: "seal.programFailed" });
    await assert.rejects(
      open(
        await keyOf(
          "const fs = require('fs'); for (;;) try { fs.writeSync(1, 'x'.repeat(65536)); } catch {}",
        ),
      ),
      {
        code: "seal.programFailed",
      },
    );
    const config = { "key-providers": { test: { cmd: { path: join(folder, "none") } } } };
    await assert.rejects(open(await parseKeys(Buffer.from(JSON.stringify(config)), "c")), /no such program/);
  });
});

describe("a changed layer", () => {
  it("is not given out, whichever byte was changed", async () => {
    const kek = randomBytes(32);
    const { descriptor, blob } = sealedLayer(PLAIN, (options) => ({ [AGENT]: kbsPacket(kek, 1, options) }));
    for (const at of [0, 1_500_000, blob.length - 1]) {
      const changed = Buffer.from(blob);
      changed[at] = (changed[at] ?? 0) ^ 1;
      const raw: Key = { kind: "raw", name: "kek", bytes: kek };
      await assert.rejects(openOciLayer(descriptor, bufferSource(changed), [raw]), {
        code: "seal.notAuthentic",
      });
      await assert.rejects(openOciLayer(descriptor, bufferSource(blob.subarray(0, at)), [raw]), {
        code: "seal.notAuthentic",
      });
    }
  });

  it("with another digest than its key's options say is refused too", async () => {
    const kek = randomBytes(32);
    const { descriptor, blob } = sealedLayer(PLAIN, (options) => {
      const digest = `sha256:${"0".repeat(64)}`;
      // They were made by JSON.stringify above.
      const changed = { ...(JSON.parse(options.toString()) as object), digest };
      return { [AGENT]: kbsPacket(kek, 1, Buffer.from(JSON.stringify(changed))) };
    });
    const raw: Key = { kind: "raw", name: "kek", bytes: kek };
    await assert.rejects(openOciLayer(descriptor, bufferSource(blob), [raw]), /digest of its content/);
  });
});
