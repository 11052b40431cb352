// Desktop VS Code is Electron, whose crypto lacks ChaCha20-Poly1305, XTS and AES key wrap. It can't be had everywhere, so
// its lack is made: every test of sealed checkpoints runs again in a process that has its ciphers alone, and in one that
// has next to none.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const PROJECT = fileURLToPath(new URL("../../..", import.meta.url));
const SUITES: Readonly<Record<string, readonly string[]>> = {
  electron: ["archives", "images", "jwe", "layers", "openpgp-ocb", "sealing", "ssh-keys", "verify"],
  least: ["jwe", "layers", "sealing", "verify"],
};

async function run(ciphers: string, ...args: readonly string[]): Promise<{ code: unknown; text: string }> {
  const child = spawn(
    process.execPath,
    ["--no-warnings", "--import", "tsx", "--import", "./test/unit/seal/few-ciphers.ts", ...args],
    {
      cwd: PROJECT,
      env: { ...process.env, CRYOSCOPE_TEST_CIPHERS: ciphers },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (bytes: Buffer) => {
      text += bytes.toString();
    });
  const [code] = (await once(child, "close")) as [unknown];
  return { code, text };
}

describe("sealed checkpoints in a runtime with few ciphers", function () {
  this.timeout(600_000);

  for (const [ciphers, names] of Object.entries(SUITES)) {
    it(`open all the same: ${ciphers}`, async () => {
      const suites = names.map((name) => `test/unit/seal/${name}.test.ts`);
      const mocha = ["node_modules/mocha/bin/mocha.js", "--no-config", "--timeout", "120000"];
      const { code, text } = await run(ciphers, ...mocha, "--reporter", "dot", ...suites);
      assert.equal(code, 0, text.slice(-4000));
      assert.match(text, /\b[1-9]\d+ passing/);
    });

    it(`have no provider but the portable one where there is no other: ${ciphers}`, async () => {
      const program = `
        const { bestCiphers, portableCiphers, nativeCiphers } = await import("./src/seal/ciphers/index.ts");
        const best = bestCiphers();
        console.log(Object.keys(best).filter((name) => best[name] === portableCiphers[name]).sort().join());`;
      const { code, text } = await run(ciphers, "--input-type=module", "-e", program);
      assert.equal(code, 0, text);
      const missing = ["ocb", "openRecord", "sealRecord", "unwrap", "xts"];
      const portable = ciphers === "electron" ? missing : [...missing, "cbc", "ctr", "gcm"].toSorted();
      assert.equal(text.trim(), portable.join());
    });
  }
});
