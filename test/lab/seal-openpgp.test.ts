// gpg 2.4 and sq beside us: every form in which they seal a file of several megabytes, opened by us without them.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { loadKeyFile, passphrase } from "../../src/seal/index.ts";
import type { Key } from "../../src/seal/index.ts";
import { opened, Peers, sumOf } from "./seal-helpers.ts";

/** The agent's sockets are in it, so its path is short. */
const GPG_HOME = "/tmp/gh";
const GPG = `export GNUPGHOME=${GPG_HOME}; gpg() { command gpg --batch --quiet --yes --trust-model always --pinentry-mode loopback "$@"; }`;
const SQ = "sq --home none --batch --overwrite";

/** What gpg is called with, and by which key we open what it writes. */
const GPG_FORMS: Readonly<Record<string, readonly [words: string, by: string]>> = {
  RSA: ["-r rsa@lab -e", "rsa.asc"],
  Curve25519: ["-r ecc@lab -e", "ecc.asc"],
  "P-256, the key in binary": ["-r nist@lab -e", "nist.gpg"],
  "several recipients, one of them hidden": ["-r rsa@lab -r ecc@lab -R nist@lab -e", "ecc.asc"],
  "one recipient, and hidden": ["-R nist@lab -e", "nist.gpg"],
  "signed within": ["-u rsa@lab -r ecc@lab -s -e", "ecc.asc"],
  armor: ["--armor -r ecc@lab -e", "ecc.asc"],
  "AEAD with OCB": ["--force-ocb -r ecc@lab -e", "ecc.asc"],
  "AES-128": ["--cipher-algo AES -r ecc@lab -e", "ecc.asc"],
  "not packed": ["--compress-algo none -r ecc@lab -e", "ecc.asc"],
  "packed with bzip2": ["--compress-algo bzip2 -r ecc@lab -e", "ecc.asc"],
  "packed with zlib": ["--compress-algo zlib -r ecc@lab -e", "ecc.asc"],
  "a passphrase": ["--passphrase-file pw -c", "a passphrase"],
  "a passphrase and OCB": ["--passphrase-file pw --force-ocb -c", "a passphrase"],
  "a passphrase, hashed once without salt": ["--passphrase-file pw --s2k-mode 0 -c", "a passphrase"],
  "a passphrase, hashed once": ["--passphrase-file pw --s2k-mode 1 -c", "a passphrase"],
  "a passphrase or a key": ["--passphrase-file pw -r rsa@lab -c -e", "rsa.asc"],
};

describe("OpenPGP by other programs, in the lab", function () {
  this.timeout(180_000);
  let peers: Peers;
  let sum: string;
  let keys: readonly Key[];

  before(async () => {
    peers = new Peers("openpgp");
    // Far more than a packet's partial length, of noise and of what can be packed.
    const plain = Buffer.concat([randomBytes(700_000), Buffer.alloc(300_000, "cryoscope ")]);
    writeFileSync(peers.path("plain"), plain);
    sum = sumOf(plain);
    writeFileSync(peers.path("pw"), "pgp-pass");
    peers.run(`${GPG}
      rm -rf ${GPG_HOME}; mkdir -m 700 ${GPG_HOME}
      fpr() { gpg --list-keys --with-colons $1 | awk -F: '/^fpr/ { print $10; exit }'; }
      gpg --passphrase '' --quick-gen-key rsa@lab rsa2048 default never
      gpg --passphrase '' --quick-add-key $(fpr rsa@lab) rsa2048 encr never
      gpg --passphrase '' --quick-gen-key ecc@lab future-default default never
      gpg --passphrase '' --quick-gen-key nist@lab nistp256 default never
      gpg --passphrase '' --quick-add-key $(fpr nist@lab) nistp256 encr never
      gpg --passphrase locked --quick-gen-key locked@lab future-default default never
      gpg --armor --export-secret-keys rsa@lab > rsa.asc
      gpg --armor --export-secret-keys ecc@lab > ecc.asc
      gpg --export-secret-keys nist@lab > nist.gpg
      gpg --passphrase locked --armor --export-secret-keys locked@lab > locked.asc
      export HOME=$PWD/sq RUST_BACKTRACE=0; mkdir sq
      for profile in rfc9580 rfc4880; do
        ${SQ} key generate --own-key --allow-non-canonical-userids --without-password --profile $profile \\
          --userid $profile@lab --output $profile.key --rev-cert $profile.rev >sq.log 2>&1
      done`);
    keys = [
      ...(await loadKeyFile(peers.path("ecc.asc"))),
      ...(await loadKeyFile(peers.path("rsa.asc"))),
      ...(await loadKeyFile(peers.path("nist.gpg"))),
      passphrase("not this one", "another passphrase"),
      passphrase("pgp-pass"),
    ];
  });
  after(() => {
    peers.run(`GNUPGHOME=${GPG_HOME} gpgconf --kill all; rm -rf ${GPG_HOME}`);
    peers.remove();
  });

  for (const [form, [words, by]] of Object.entries(GPG_FORMS))
    it(`opens what gpg seals with ${form}`, async () => {
      peers.run(`${GPG}; gpg ${words} -o sealed plain`);
      assert.deepEqual(await opened(peers.path("sealed"), keys), { sum, by });
    });

  for (const cipher of ["TWOFISH", "CAMELLIA256"])
    it(`says what to do about ${cipher}, and doesn't call the key wrong`, async () => {
      peers.run(`${GPG}; gpg --cipher-algo ${cipher} -r ecc@lab -o sealed -e plain`);
      await assert.rejects(opened(peers.path("sealed"), keys), {
        code: "seal.unsupported",
        message: /cipher/,
      });
      // What it says does it.
      peers.run(`${GPG}; gpg -o checkpoint.tar -d sealed; cmp checkpoint.tar plain`);
    });

  it("names the key that a message is for, and asks for the passphrase of that key alone", async () => {
    peers.run(`${GPG}; gpg -r locked@lab -o sealed -e plain`);
    const id = peers
      .run(`${GPG}; gpg --list-keys --with-colons locked@lab | awk -F: '/^sub/ { print $5 }'`)
      .trim();
    await assert.rejects(opened(peers.path("sealed"), keys), {
      code: "seal.wrongKey",
      next: new RegExp(`the OpenPGP secret key ${id}`),
    });
    await assert.rejects(loadKeyFile(peers.path("locked.asc")), { code: "seal.passphraseNeeded" });
    await assert.rejects(loadKeyFile(peers.path("locked.asc"), "no"), { code: "seal.wrongPassphrase" });
    const locked = await loadKeyFile(peers.path("locked.asc"), "locked");
    assert.deepEqual(await opened(peers.path("sealed"), [...keys, ...locked]), { sum, by: "locked.asc" });
  });

  for (const profile of ["rfc9580", "rfc4880"])
    for (const [form, words] of [
      ["", "--without-signature"],
      [", signed, in binary", "--binary --signer-file $1.key"],
    ] as const)
      it(`opens what sq seals for a key of ${profile}${form}`, async () => {
        peers.run(
          `export HOME=$PWD/sq; ${SQ} encrypt --for-file $1.key ${words} --output sealed plain >sq.log 2>&1`,
          profile,
        );
        const by = `${profile}.key`;
        assert.deepEqual(await opened(peers.path("sealed"), await loadKeyFile(peers.path(by))), { sum, by });
      });

  it("opens what sq seals with a passphrase", async () => {
    peers.run(
      `export HOME=$PWD/sq; ${SQ} encrypt --binary --with-password-file pw --without-signature --output sealed plain >sq.log 2>&1`,
    );
    assert.deepEqual(await opened(peers.path("sealed"), keys), { sum, by: "a passphrase" });
  });

  it("gives nothing of a message that was changed or cut", async () => {
    peers.run(`${GPG}; for form in ocb mdc; do
      gpg $([ $form = mdc ] || echo --force-ocb) -r ecc@lab -o $form -e plain; done`);
    for (const form of ["ocb", "mdc"]) {
      const whole = peers.read(form);
      for (const at of [200, whole.length >> 1, whole.length - 1]) {
        const changed = Buffer.from(whole);
        changed[at] = (changed[at] ?? 0) ^ 1;
        writeFileSync(peers.path("changed"), changed);
        await assert.rejects(
          opened(peers.path("changed"), keys),
          { code: "seal.notAuthentic" },
          `${form} ${at}`,
        );
        writeFileSync(peers.path("changed"), whole.subarray(0, at));
        await assert.rejects(
          opened(peers.path("changed"), keys),
          { code: /^seal\./ },
          `${form} cut at ${at}`,
        );
      }
    }
  });
});
