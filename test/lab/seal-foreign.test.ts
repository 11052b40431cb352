// What other programs must open: made by them where Debian has them, by their documented form where it hasn't.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { openFileSource } from "../../src/bytes/index.ts";
import { loadKeyFile, openSealed, openSealedTree, passphrase } from "../../src/seal/index.ts";
import { opened, Peers, sumOf } from "./seal-helpers.ts";

const b64 = (length: number): string => randomBytes(length).toString("base64");

/** As `sops --encrypt` writes binary files (github.com/getsops/sops, README: "Encrypting binary files"). */
const SOPS = JSON.stringify(
  {
    data: `ENC[AES256_GCM,data:${b64(90_000)},iv:${b64(32)},tag:${b64(16)},type:str]`,
    sops: { age: [{ recipient: "age1x", enc: "-----BEGIN AGE ENCRYPTED FILE-----" }], version: "3.9.0" },
  },
  undefined,
  "\t",
);
/** The same for structured files, whose values alone are sealed. */
const SOPS_YAML = `secret: ENC[AES256_GCM,data:${b64(300)},iv:${b64(32)},tag:${b64(16)},type:str]\nsops:\n    version: 3.9.0\n`;
const ANSIBLE = `$ANSIBLE_VAULT;1.1;AES256\n${randomBytes(4000).toString("hex").replace(/.{80}/g, "$&\n")}\n`;

describe("what other programs must open, in the lab", function () {
  this.timeout(120_000);
  let peers: Peers;
  before(() => {
    peers = new Peers("foreign");
  });
  after(() => {
    peers.remove();
  });

  async function refused(name: string): Promise<{ message: string; next: string }> {
    let told = { message: "", next: "" };
    await assert.rejects(openSealedTree(peers.path(name), [passphrase("secret")]), (error) => {
      const { code, message, next } = error as { code: string; message: string; next?: string };
      assert.equal(code, "seal.unsupported", message);
      told = { message, next: next ?? "" };
      return true;
    });
    return told;
  }

  for (const type of ["luks1", "luks2"])
    it(`a volume of ${type} by cryptsetup is named, with how to unlock it`, async () => {
      peers.run(
        `truncate -s 20M "$1"; printf secret | cryptsetup luksFormat --batch-mode --type "$1" --pbkdf pbkdf2 --pbkdf-force-iterations 1000 "$1" -`,
        type,
      );
      assert.match(peers.run(`cryptsetup luksDump "$1"`, type), /LUKS header information/);
      const { message, next } = await refused(type);
      assert.match(message, /a LUKS volume/);
      assert.match(next, /cryptsetup open FILE NAME.*mount/);
    });

  for (const [name, bytes, what, next] of [
    ["sops.json", SOPS, /SOPS/, /sops --decrypt --output/],
    ["sops.yaml", SOPS_YAML, /SOPS/, /sops --decrypt --output/],
    [
      "vault",
      `vault:v1:${b64(70_000)}\n`,
      /Vault/,
      /vault write transit\/decrypt\/KEY ciphertext=@FILE.*base64/,
    ],
    ["ansible", ANSIBLE, /Ansible Vault/, /ansible-vault decrypt/],
    ["noise", randomBytes(100_000), /no mark/, /Find out how it was made/],
  ] as const)
    it(`${name} is named, with what to do`, async () => {
      writeFileSync(peers.path(name), bytes);
      const told = await refused(name);
      assert.match(told.message, what);
      assert.match(told.next, next);
    });

  it("CMS as text becomes DER by what the message says, and then opens", async () => {
    const plain = Buffer.concat([Buffer.from("\x1f\x8b\x08", "latin1"), randomBytes(200_000)]);
    writeFileSync(peers.path("plain"), plain);
    peers.run(`
      openssl req -x509 -newkey rsa:2048 -nodes -keyout cms.key -out cms.crt -subj /CN=lab -days 1 2>/dev/null
      openssl cms -encrypt -binary -aes256 -in plain -outform PEM -out cms.pem cms.crt`);
    const { next } = await refused("cms.pem");
    const [, command = ""] = /`([^`]+)`/.exec(next) ?? [];
    peers.run(command.replaceAll("FILE", "cms.pem"));
    const keys = await loadKeyFile(peers.path("cms.key"));
    assert.equal((await opened(peers.path("cms.pem.der"), keys)).sum, sumOf(plain));
  });

  for (const words of [
    "-aes-256-cbc -pbkdf2",
    "-aes-256-cbc -pbkdf2 -a",
    "-aes-256-cbc -md md5",
    "-aes-128-ctr -pbkdf2",
    "-aes-192-cbc -pbkdf2 -iter 4321 -md sha512",
  ])
    it(`openssl enc ${words} opens with openssl's own words`, async () => {
      const plain = Buffer.concat([Buffer.from("BZh9"), randomBytes(150_001)]);
      writeFileSync(peers.path("enc-plain"), plain);
      peers.run(`openssl enc ${words} -k secret -in enc-plain -out enc 2>/dev/null`);
      const file = await openFileSource(peers.path("enc"));
      const options = { opensslEnc: words.replace(" -a", "") };
      const found = await openSealed(file, "enc", [passphrase("secret")], options);
      const read = Buffer.from((await found?.source.read(0, plain.length + 1)) ?? []);
      assert.equal(createHash("sha256").update(read).digest("hex"), sumOf(plain));
      await found?.source.close?.();
      await file.close?.();
    });
});
