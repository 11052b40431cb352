// age itself beside us: it opens what we seal, and we open what it makes, for every kind of recipient that both have.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { loadKeyFile, passphrase, readRecipients, sealCopy } from "../../src/seal/index.ts";
import type { SealTarget } from "../../src/seal/index.ts";
import { opened, Peers, sumOf } from "./seal-helpers.ts";

const PASSPHRASE = "a passphrase of the lab";
/** age reads passphrases from a terminal alone; script(1) of util-linux is one. */
const WITH_TERMINAL = (command: string): string =>
  `{ sleep 1; echo '${PASSPHRASE}'; sleep 1; echo '${PASSPHRASE}'; sleep 3; } | script -qec "${command}" /dev/null >/dev/null`;
/** Chunks of age are 64 KiB: less than one, exactly one, several and a part. */
const SIZES = { empty: 0, small: 700, chunk: 65_536, large: 300_001 } as const;

describe("age, in the lab", function () {
  this.timeout(120_000);
  let peers: Peers;
  const sums = new Map<string, string>();

  before(() => {
    peers = new Peers("age");
    for (const [name, size] of Object.entries(SIZES)) {
      const bytes = randomBytes(size);
      writeFileSync(peers.path(name), bytes);
      sums.set(name, sumOf(bytes));
    }
    peers.run(`
      age-keygen -o x25519.key 2>/dev/null; age-keygen -y x25519.key > x25519.pub
      age-keygen -o other.key 2>/dev/null; age-keygen -y other.key > other.pub
      ssh-keygen -q -t ed25519 -N '' -f ed25519; ssh-keygen -q -t rsa -b 2048 -N '' -f rsa
      age-keygen 2>/dev/null > inner.key; age-keygen -y inner.key > inner.pub`);
  });
  after(() => {
    peers.remove();
  });

  for (const [kind, key, recipient] of [
    ["X25519", "x25519.key", "x25519.pub"],
    ["SSH with Ed25519", "ed25519", "ed25519.pub"],
    ["SSH with RSA", "rsa", "rsa.pub"],
  ] as const) {
    it(`opens what we seal for ${kind}`, async () => {
      const target = await readRecipients([peers.path(recipient)]);
      for (const [name, sum] of sums) {
        await sealCopy(peers.path(name), target, peers.path(`${name}.${key}.ours`));
        peers.run(`age -d -i "$1" -o plain "$2"`, key, `${name}.${key}.ours`);
        assert.equal(sumOf(peers.read("plain")), sum, name);
      }
    });

    it(`makes for ${kind} what we open, binary and armored`, async () => {
      const keys = await loadKeyFile(peers.path(key));
      for (const [name, sum] of sums)
        for (const armor of ["", "-a"]) {
          peers.run(`age -e ${armor} -R other.pub -R "$1" -o theirs "$2"`, recipient, name);
          assert.deepEqual(await opened(peers.path("theirs"), keys), { sum, by: key }, `${name} ${armor}`);
        }
    });
  }

  it("opens with any one of several keys what we seal for all of them", async () => {
    const target = await readRecipients(
      ["x25519.pub", "ed25519.pub", "rsa.pub"].map((name) => peers.path(name)),
    );
    await sealCopy(peers.path("large"), target, peers.path("many.ours"));
    for (const key of ["x25519.key", "ed25519", "rsa"]) {
      peers.run(`age -d -i "$1" -o plain many.ours`, key);
      assert.equal(sumOf(peers.read("plain")), sums.get("large"), key);
    }
    // And not with another.
    peers.run(`! age -d -i other.key -o plain many.ours 2>/dev/null`);
  });

  it("and we open each other's passphrases", async () => {
    const target: SealTarget = { kind: "passphrase", passphrase: passphrase(PASSPHRASE) };
    await sealCopy(peers.path("large"), target, peers.path("passphrase.ours"));
    peers.run(WITH_TERMINAL("age -d -o plain passphrase.ours"));
    assert.equal(sumOf(peers.read("plain")), sums.get("large"));

    peers.run(WITH_TERMINAL("age -p -o passphrase.theirs large"));
    const { sum } = await opened(peers.path("passphrase.theirs"), [passphrase(PASSPHRASE)]);
    assert.equal(sum, sums.get("large"));
  });

  it("seals its identities with a passphrase, and we open what they open", async () => {
    peers.run(WITH_TERMINAL("age -p -o inner.key.age inner.key"));
    peers.run(`age -e -R inner.pub -o for-inner small`);
    await assert.rejects(loadKeyFile(peers.path("inner.key.age")), { code: "seal.passphraseNeeded" });
    await assert.rejects(loadKeyFile(peers.path("inner.key.age"), "another"), {
      code: "seal.wrongPassphrase",
    });
    const keys = await loadKeyFile(peers.path("inner.key.age"), PASSPHRASE);
    assert.equal((await opened(peers.path("for-inner"), keys)).sum, sums.get("small"));
  });

  it("refuses, as we do, what was changed in any part", async () => {
    const keys = await loadKeyFile(peers.path("x25519.key"));
    peers.run(`age -e -R x25519.pub -o whole large`);
    const whole = peers.read("whole");
    for (const at of [30, 60, 120, 190, 250, 70_000, whole.length - 1]) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ 1;
      writeFileSync(peers.path("changed"), changed);
      peers.run(`! age -d -i x25519.key -o plain changed 2>/dev/null`);
      await assert.rejects(opened(peers.path("changed"), keys), `byte ${at}`);
    }
  });
});
