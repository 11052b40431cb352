// A whole VS Code session over sealed checkpoints, and then the search of every file that it made for their plaintext.
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { PROJECT } from "./cache.ts";
import { runExtensionTests } from "./extension-tests.ts";

const MARKER = "MARKER-";
const TIMEOUT_MS = 540_000;

/** Forms in which a text may lie in a file: UTF-8, UTF-16, hex, and base64 at each of its three offsets. */
function formsOf(text: string): readonly Buffer[] {
  const bytes = Buffer.from(text);
  const base64 = [0, 1, 2].map((shift) => {
    const padded = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    // Characters that other bytes have a part in can't be known.
    const from = shift === 0 ? 0 : shift + 1;
    const to = Math.floor(((shift + bytes.length) * 8) / 6);
    return padded.slice(from, to);
  });
  return [
    bytes,
    Buffer.from(text, "utf16le"),
    Buffer.from(text, "utf16le").swap16(),
    ...[bytes.toString("hex"), ...base64].map((form) => Buffer.from(form)),
  ];
}

/** Files below the folder that hold the text in any form, and how many were looked through. */
async function holding(folder: string, text: string): Promise<{ files: string[]; searched: number }> {
  const forms = formsOf(text);
  const files: string[] = [];
  let searched = 0;
  for (const name of await readdir(folder, { recursive: true })) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile() !== true) continue;
    searched++;
    const bytes = await readFile(path);
    if (forms.some((form) => bytes.includes(form)) || forms.some((form) => name.includes(form.toString())))
      files.push(name);
  }
  return { files, searched };
}

/**
 * Runs dist/test/vscode-sealed. Gives its exit code, or 1 when a file that VS Code or the browser made holds plaintext,
 * or when not even that is found which was left there on purpose.
 */
export async function runSealedSession(): Promise<number> {
  const scratch = await mkdtemp(join(tmpdir(), "cryo-traces-"));
  const control = ["CONTROL-", `${Math.random().toString(36).slice(2)}-TRACE`] as const;
  let problem: string | undefined;
  try {
    for (const name of ["simple-enc", "tree-restorable-enc", "archives", "keys", "ocicrypt"])
      await promisify(execFile)("tar", [
        "-xzf",
        join(PROJECT, "test/fixtures/sealed", `${name}.tar.gz`),
        ...["-C", scratch],
      ]);
    const code = await runExtensionTests({
      extension: PROJECT,
      tests: join(PROJECT, "dist/test/vscode-sealed/index.cjs"),
      folder: await mkdtemp(join(scratch, "workspace-")),
      env: {
        CRYOSCOPE_TEST_SEALED: JSON.stringify({
          keys: [
            "keys/key1.pkcs8.pem",
            "archives/keys/age-x25519.txt",
            "archives/keys/pgp.sec.asc",
            "ocicrypt/keys/jwe-rsa.key.pem",
          ].map((name) => join(scratch, name)),
          passphrase: "ossl-pass-1",
          checkpoints: [
            "simple-enc/enc",
            "tree-restorable-enc/enc",
            // Spilled to a file, since it is packed.
            "archives/checkpoint.tar.gz.armor.age",
            "archives/checkpoint.tar.gz.pub.gpg",
            "archives/checkpoint.tar.gz.cms.der",
            "archives/checkpoint.tar.gz.aes256cbc-pbkdf2.enc",
            "ocicrypt/enc-jwe-rsa",
          ].map((name) => join(scratch, name)),
          copies: await mkdtemp(join(scratch, "copies-")),
          control,
        }),
      },
      timeoutMs: TIMEOUT_MS,
      async afterwards(home) {
        const { files, searched } = await holding(home, MARKER);
        const left = await holding(home, control.join(""));
        console.log(`  ${searched} files of VS Code and the browser searched for plaintext`);
        if (files.length > 0) problem = `Plaintext of sealed checkpoints is in ${files.join(", ")}`;
        else if (left.files.length === 0)
          problem = `Not even ${control.join("")} was found: the search is blind`;
        else console.log(`  ✔ no plaintext in any; what was left on purpose is in ${left.files.join(", ")}`);
      },
    });
    if (problem !== undefined) console.error(problem);
    return code !== 0 || problem === undefined ? code : 1;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
