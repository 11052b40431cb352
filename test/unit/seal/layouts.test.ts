// Encrypted container images as they are carried about: packed as an archive, and with more than one sealed layer.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createCipheriv, createHash, createHmac, randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openFolder } from "../../../src/archive/index.ts";
import { CryoscopeError } from "../../../src/bytes/index.ts";
import { loadKeyFile, openSealedTree, TREE_SCHEMES } from "../../../src/seal/index.ts";
import type { Key } from "../../../src/seal/index.ts";
import { fixture } from "../fixtures.ts";

const base64 = (value: string | Uint8Array): string => Buffer.from(value).toString("base64");
const digestOf = (bytes: Uint8Array): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
const KEYS = "org.opencontainers.image.enc.keys.";

describe("an encrypted container image", () => {
  let scratch: string;
  before(async () => {
    scratch = await mkdtemp(join(tmpdir(), "layouts-"));
  });
  after(() => rm(scratch, { recursive: true, force: true }));

  for (const [what, flags] of [
    ["an archive", "-cf"],
    ["a packed archive", "-czf"],
  ] as const)
    it(`of skopeo opens as ${what} too`, async () => {
      const root = await fixture("sealed/ocicrypt");
      const path = join(scratch, `image${flags}.tar`);
      execFileSync("tar", [flags, path, "-C", join(root, "enc-jwe-rsa"), "."]);
      await assert.rejects(openSealedTree(path, []), { code: "seal.keyNeeded", next: /RSA private key/ });
      const tree = await openSealedTree(path, await loadKeyFile(join(root, "keys/jwe-rsa.key.pem")));
      try {
        assert.equal((await tree.stat("checkpoint/inventory.img"))?.kind, "file");
      } finally {
        await tree.close();
      }
    });

  /** A layer sealed as containers/ocicrypt does, its key wrapped for a key broker's key. */
  function sealedLayer(plain: Buffer, kek: Buffer): { blob: Buffer; descriptor: object } {
    const [key, nonce, iv] = [randomBytes(32), randomBytes(16), randomBytes(12)];
    const blob = createCipheriv("aes-256-ctr", key, nonce).update(plain);
    const hmac = base64(createHmac("sha256", key).update(blob).digest());
    const options = { symkey: base64(key), digest: digestOf(plain), cipheroptions: { nonce: base64(nonce) } };
    const cipher = createCipheriv("aes-256-gcm", kek, iv);
    const wrapped = [cipher.update(JSON.stringify(options)), cipher.final(), cipher.getAuthTag()];
    const packet = {
      ...{ kid: "kbs:///default/key/1", wrapped_data: base64(Buffer.concat(wrapped)) },
      ...{ iv: base64(iv), wrap_type: "A256GCM" },
    };
    const pubopts = { cipher: "AES_256_CTR_HMAC_SHA256", hmac, cipheroptions: {} };
    return {
      blob,
      descriptor: {
        mediaType: "application/vnd.oci.image.layer.v1.tar+encrypted",
        digest: digestOf(blob),
        size: blob.length,
        annotations: {
          "org.opencontainers.image.enc.pubopts": base64(JSON.stringify(pubopts)),
          [`${KEYS}provider.attestation-agent`]: base64(JSON.stringify(packet)),
        },
      },
    };
  }

  async function layout(name: string, blobs: readonly Buffer[], layers: readonly object[]): Promise<string> {
    const folder = join(scratch, name);
    await mkdir(join(folder, "blobs/sha256"), { recursive: true });
    const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, layers }));
    for (const blob of [...blobs, manifest])
      await writeFile(join(folder, "blobs", digestOf(blob).replace(":", "/")), blob);
    await writeFile(join(folder, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
    const manifests = [{ digest: digestOf(manifest), size: manifest.length }];
    await writeFile(join(folder, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
    return folder;
  }

  it("has every sealed layer opened, each with its own key, and those that are plain left as they are", async () => {
    const [scheme] = TREE_SCHEMES;
    assert.ok(scheme);
    const plain = [randomBytes(70_000), randomBytes(5), randomBytes(40_000)] as const;
    const [first, open, last] = plain;
    const keks = [randomBytes(32), randomBytes(32)] as const;
    const [one, two] = [sealedLayer(first, keks[0]), sealedLayer(last, keks[1])];
    const openLayer = {
      mediaType: "application/vnd.oci.image.layer.v1.tar",
      digest: digestOf(open),
      size: open.length,
    };
    const folder = await layout(
      "many",
      [one.blob, open, two.blob],
      [one.descriptor, openLayer, two.descriptor],
    );
    const keys = keks.map((bytes, at): Key => ({ kind: "raw", name: `kek ${at}`, bytes }));
    const tree = await openFolder(folder);
    try {
      const opened = await scheme.open(tree, keys, {});
      assert.deepEqual(opened.openedBy, ["kek 0", "kek 1"]);
      for (const bytes of plain) {
        const source = await opened.tree.open(`blobs/${digestOf(bytes).replace(":", "/")}`);
        assert.ok(bytes.equals(await source.read(0, source.size)));
      }
      await opened.tree.close();
      // One key alone opens one layer alone: then nothing is shown.
      for (const key of keys)
        await assert.rejects(scheme.open(tree, [key], {}), (error) => {
          assert.ok(error instanceof CryoscopeError);
          assert.equal(error.code, "seal.wrongKey");
          return true;
        });
    } finally {
      await tree.close();
    }
  });

  it("whose key is in a token, or with a provider that isn't known, says what to give", async () => {
    const [scheme] = TREE_SCHEMES;
    assert.ok(scheme);
    for (const [kind, next] of [
      ["pkcs11", /PKCS#11 token.*skopeo/],
      ["provider.somebody", /key provider "somebody"/],
      ["provider.attestation-agent", /key it names of the key broker.*can't attest itself/],
    ] as const) {
      const { blob, descriptor } = sealedLayer(randomBytes(100), randomBytes(32));
      const { annotations } = descriptor as { annotations: Record<string, string> };
      const pubopts = annotations["org.opencontainers.image.enc.pubopts"];
      const own = {
        ...descriptor,
        annotations: {
          "org.opencontainers.image.enc.pubopts": pubopts,
          [`${KEYS}${kind}`]: base64('{"version":0,"recipients":[]}'),
        },
      };
      const tree = await openFolder(await layout(kind, [blob], [own]));
      await assert.rejects(scheme.open(tree, [], {}), { code: "seal.keyNeeded", next }, kind);
      await tree.close();
    }
  });
});
