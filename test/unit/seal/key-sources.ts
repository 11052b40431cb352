// Every source of keys with something that it opens, for the command line and for the editor alike.
import { createCipheriv, createHash, createHmac, randomBytes } from "node:crypto";
import { execFile } from "node:child_process";
import { createServer } from "node:http";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { createMessage, encrypt, generateKey } from "openpgp";

const run = promisify(execFile);

/** Their names, for tests that are named before the sources are made. */
export const KEY_SOURCES = [
  "a PEM file",
  "a PEM file with a passphrase",
  "a PEM file, for CMS",
  "a passphrase",
  "an age identity",
  "a key of SSH, for age",
  "an OpenPGP key",
  "an OpenPGP key with a passphrase",
  "gpg and its agent",
  "a PEM file, for a container image (JWE)",
  "an OpenPGP key, for a container image",
  "a command",
  "a key broker's key in a file",
  "a key broker",
] as const;

/** A source of keys, and a checkpoint that it opens. */
export interface KeySource {
  readonly name: string;
  /** What is sealed. */
  readonly path: string;
  /** A key file, or `gpg-agent`; without it the passphrase opens the checkpoint itself. */
  readonly key?: string;
  /** Of the key file, or of the checkpoint. */
  readonly passphrase?: string;
  /** What must be said when no key is given: for what it is sealed, and what to give. */
  readonly need: RegExp;
}

/** Unpacked fixtures, see test/fixtures/sealed/README.md. */
export interface SealedFixtures {
  readonly keys: string;
  readonly simple: string;
  readonly archives: string;
  readonly ssh: string;
  readonly ocicrypt: string;
}

const base64 = (value: string | Uint8Array): string => Buffer.from(value).toString("base64");
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const PROVIDER = "org.opencontainers.image.enc.keys.provider.";
const KID = "default/key/1";

/** Everything lies in `scratch`; the broker is `brokerPort` of this machine. */
export async function makeKeySources(
  { keys, simple, archives, ssh, ocicrypt }: SealedFixtures,
  scratch: string,
  broker: { readonly port: number; readonly kek: Buffer; readonly token: string },
): Promise<readonly KeySource[]> {
  const criu = join(simple, "enc");
  const locked = await lockedPgp(simple, scratch);
  const age = join(archives, "checkpoint.tar.age");
  const pgp = join(archives, "checkpoint.tar.gz.pub.gpg");
  const image = (name: string): string => join(ocicrypt, name);
  const imageKey = (name: string): string => join(ocicrypt, "keys", name);
  return [
    {
      name: "a PEM file",
      path: criu,
      key: join(keys, "key1.pkcs8.pem"),
      need: /for an RSA key of 2048 bits.*the RSA private key that belongs to the certificate/,
    },
    {
      name: "a PEM file with a passphrase",
      path: criu,
      key: join(keys, "key1.pkcs8.enc.pem"),
      passphrase: "corpus-pass-1",
      need: /RSA private key/,
    },
    {
      name: "a PEM file, for CMS",
      path: join(archives, "checkpoint.tar.gz.cms.der"),
      key: join(keys, "key1.pkcs8.pem"),
      need: /RSA private key.*certificate.*[0-9A-F]{8}/i,
    },
    {
      name: "a passphrase",
      path: join(archives, "checkpoint.tar.gz.sym.gpg"),
      passphrase: "gpg-pass-1",
      need: /the passphrase/,
    },
    {
      name: "an age identity",
      path: age,
      key: join(archives, "keys/age-x25519.txt"),
      need: /AGE-SECRET-KEY/,
    },
    {
      name: "a key of SSH, for age",
      path: join(ssh, "small.tar.gz.ed25519.age"),
      key: join(ssh, "id_ed25519"),
      need: /ssh-ed25519.*Ed25519/,
    },
    {
      name: "an OpenPGP key",
      path: pgp,
      key: join(archives, "keys/pgp.sec.asc"),
      need: /the OpenPGP secret key [0-9A-F]{16}/,
    },
    {
      name: "an OpenPGP key with a passphrase",
      path: locked.path,
      key: locked.key,
      passphrase: "pgp-pass",
      need: /the OpenPGP secret key [0-9A-F]{16}/,
    },
    { name: "gpg and its agent", path: pgp, key: "gpg-agent", need: /the OpenPGP secret key/ },
    {
      name: "a PEM file, for a container image (JWE)",
      path: image("enc-jwe-ec"),
      key: imageKey("jwe-ec.key.pem"),
      need: /EC private key|P-256|ECDH/,
    },
    {
      name: "an OpenPGP key, for a container image",
      path: image("enc-pgp"),
      key: imageKey("pgp.sec.asc"),
      need: /OpenPGP secret key/,
    },
    await providerSource(image("plain-oci"), join(scratch, "provider")),
    ...(await kbsSources(image("plain-oci"), join(scratch, "kbs"), broker)),
  ];
}

/** A message for a key that has a passphrase, by the library; gpg makes them in the lab's tests. */
async function lockedPgp(
  simple: string,
  scratch: string,
): Promise<{ readonly path: string; readonly key: string }> {
  const tar = join(scratch, "simple.tar");
  await run("tar", ["-cf", tar, "-C", join(simple, "plain"), "."]);
  const { privateKey, publicKey } = await generateKey({
    userIDs: [{ name: "locked" }],
    passphrase: "pgp-pass",
    format: "object",
  });
  const [path, key] = [join(scratch, "locked.tar.pgp"), join(scratch, "locked.asc")];
  await writeFile(key, privateKey.armor());
  const message = await createMessage({ binary: Uint8Array.from(await readFile(tar)) });
  await writeFile(path, await encrypt({ message, encryptionKeys: publicKey, format: "binary" }));
  return { path, key };
}

/** The plain layout at `from` with its layer sealed as containers/ocicrypt does, its key in these annotations. */
async function sealLayout(
  from: string,
  to: string,
  wrap: (options: Buffer) => Readonly<Record<string, string>>,
): Promise<string> {
  await cp(from, to, { recursive: true });
  const blob = (digest: string): string => join(to, "blobs", digest.replace(":", "/"));
  // Both were written by buildah; only what is used has a type.
  const index = JSON.parse(await readFile(join(to, "index.json"), "utf8")) as {
    manifests: [{ digest: string; size: number }];
  };
  const manifest = JSON.parse(await readFile(blob(index.manifests[0].digest), "utf8")) as {
    layers: [{ mediaType: string; digest: string; size: number; annotations?: object }];
  };
  const [layer] = manifest.layers;
  const plain = await readFile(blob(layer.digest));
  const [key, nonce] = [randomBytes(32), randomBytes(16)];
  const sealed = createCipheriv("aes-256-ctr", key, nonce).update(plain);
  const options = {
    symkey: base64(key),
    digest: `sha256:${sha256(plain)}`,
    cipheroptions: { nonce: base64(nonce) },
  };
  const pubopts = {
    cipher: "AES_256_CTR_HMAC_SHA256",
    hmac: base64(createHmac("sha256", key).update(sealed).digest()),
    cipheroptions: {},
  };
  layer.mediaType += "+encrypted";
  layer.digest = `sha256:${sha256(sealed)}`;
  layer.annotations = {
    "org.opencontainers.image.enc.pubopts": base64(JSON.stringify(pubopts)),
    ...wrap(Buffer.from(JSON.stringify(options))),
  };
  await writeFile(blob(layer.digest), sealed);
  const text = Buffer.from(JSON.stringify(manifest));
  index.manifests[0].digest = `sha256:${sha256(text)}`;
  index.manifests[0].size = text.length;
  await writeFile(blob(index.manifests[0].digest), text);
  await writeFile(join(to, "index.json"), JSON.stringify(index));
  return to;
}

/** A program that speaks ocicrypt's protocol; its packets are the options with every byte inverted. */
async function providerSource(plain: string, folder: string): Promise<KeySource> {
  await mkdir(folder);
  const script = join(folder, "provider.cjs");
  await writeFile(
    script,
    `let text = ""; process.stdin.on("data", (d) => (text += d)).on("end", () => {
      const { op, keyunwrapparams: { annotation } } = JSON.parse(text);
      if (op !== "keyunwrap") process.exit(1);
      const optsdata = Buffer.from(Buffer.from(annotation, "base64").map((b) => b ^ 255)).toString("base64");
      process.stdout.write(JSON.stringify({ keyunwrapresults: { optsdata } }));
    });`,
  );
  const key = join(folder, "ocicrypt.json");
  // In VS Code process.execPath is Node too.
  const cmd = { path: process.execPath, args: [script] };
  await writeFile(key, JSON.stringify({ "key-providers": { inverter: { cmd } } }));
  const path = await sealLayout(plain, join(folder, "image"), (options) => ({
    [`${PROVIDER}inverter`]: base64(options.map((byte) => byte ^ 255)),
  }));
  return { name: "a command", path, key, need: /key provider "inverter"/ };
}

/** The same layer by the broker's key in a file, and by the broker. */
async function kbsSources(
  plain: string,
  folder: string,
  { port, kek, token }: { readonly port: number; readonly kek: Buffer; readonly token: string },
): Promise<readonly KeySource[]> {
  await mkdir(folder);
  const path = await sealLayout(plain, join(folder, "image"), (options) => {
    const iv = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", kek, iv);
    const wrapped = Buffer.concat([cipher.update(options), cipher.final(), cipher.getAuthTag()]);
    const packet = {
      kid: `kbs:///${KID}`,
      wrapped_data: base64(wrapped),
      iv: base64(iv),
      wrap_type: "A256GCM",
    };
    return { [`${PROVIDER}attestation-agent`]: base64(JSON.stringify(packet)) };
  });
  await writeFile(join(folder, "kek.bin"), kek);
  await writeFile(
    join(folder, "broker.json"),
    JSON.stringify({ kbs: { url: `http://127.0.0.1:${port}`, token } }),
  );
  const need = new RegExp(`"${KID}"`);
  return [
    { name: "a key broker's key in a file", path, key: join(folder, "kek.bin"), need },
    { name: "a key broker", path, key: join(folder, "broker.json"), need },
  ];
}

/** A key broker of this machine that has one key, for whoever has the token. */
export async function startBroker(): Promise<{
  readonly port: number;
  readonly kek: Buffer;
  readonly token: string;
  stop(): Promise<void>;
}> {
  const kek = randomBytes(32);
  const token = randomBytes(8).toString("hex");
  const server = createServer(({ url, headers }, response) => {
    if (headers.authorization !== `Bearer ${token}`) response.writeHead(401).end();
    else if (url !== `/kbs/v0/resource/${KID}`) response.writeHead(404).end();
    else response.writeHead(200).end(kek);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    kek,
    token,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A home of gpg's with the key in it; its path is short, because the agent's sockets are in it. */
export async function startGpgHome(home: string, key: string): Promise<() => Promise<void>> {
  await mkdir(home, { recursive: true, mode: 0o700 });
  await run("gpg", ["--homedir", home, "--batch", "--quiet", "--import", key]);
  return async () => {
    await run("gpgconf", ["--homedir", home, "--kill", "gpg-agent"]).catch(() => undefined);
  };
}
