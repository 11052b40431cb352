// Real pages asked by strings(1) and grep, beside ours. They read a file, so the pages are laid out as the process has them:
// by crit's words of the pagemaps, with a page of zeros wherever the addresses leap.
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { COMMANDS } from "../../../src/cli/commands.ts";
import { runCli } from "../../../src/cli/run.ts";
import { fixture } from "../fixtures.ts";
import { PAGE } from "./support.ts";

const run = promisify(execFile);
const CHECKPOINTS = ["corpus/d-redis", "corpus/g-native"];
const WORDS = ["error", "GLIBC_2", "the "];

interface CritPagemap {
  readonly entries: readonly {
    readonly pages_id?: number;
    readonly vaddr?: string;
    readonly nr_pages?: number;
    readonly compat_nr_pages?: number;
  }[];
}

/** The memory of all processes one behind the other, into `file`. */
async function layOut(folder: string, file: string): Promise<void> {
  const parts: Buffer[] = [];
  const gap = Buffer.alloc(PAGE);
  const names = (await readdir(join(folder, "crit"))).filter((name) => /^pagemap-\d+\.img\.json$/.test(name));
  assert.ok(names.length > 0);
  for (const name of names.sort()) {
    // As crit wrote it.
    const { entries } = JSON.parse(await readFile(join(folder, "crit", name), "utf8")) as CritPagemap;
    const pages = await open(join(folder, "img", `pages-${entries[0]?.pages_id ?? 0}.img`));
    let end = -1n;
    for (const { vaddr, nr_pages, compat_nr_pages } of entries.slice(1)) {
      const start = BigInt(vaddr ?? 0);
      const bytes = Buffer.alloc((nr_pages ?? compat_nr_pages ?? 0) * PAGE);
      await pages.read(bytes);
      parts.push(...(start === end ? [] : [gap]), bytes);
      end = start + BigInt(bytes.length);
    }
    await pages.close();
    parts.push(gap);
  }
  await writeFile(file, Buffer.concat(parts));
}

async function cryoscope(...args: readonly string[]): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  await runCli(COMMANDS, args, {
    toTerminal: false,
    write: (text) => {
      parts.push(typeof text === "string" ? Buffer.from(text) : Uint8Array.from(text));
      return Promise.resolve();
    },
    message: (text) => {
      assert.fail(text);
    },
  });
  return Buffer.concat(parts);
}

describe("real pages, beside strings(1) and grep", function () {
  this.timeout(120_000);
  let scratch: string;
  before(async () => {
    scratch = await mkdtemp(join(tmpdir(), "peers-"));
  });
  after(async () => {
    await rm(scratch, { recursive: true, force: true });
  });

  for (const name of CHECKPOINTS)
    it(`of ${name} have the same strings and as many matches`, async () => {
      const folder = await fixture(name);
      const file = join(scratch, "memory");
      const images = join(folder, "img");
      await layOut(folder, file);
      for (const letter of ["s", "S", "l"]) {
        const args = ["-a", "-n", "8", "-e", letter, file];
        const { stdout } = await run("strings", args, { maxBuffer: 1 << 28, encoding: "buffer" });
        const ours = await cryoscope("strings", images, "-n", "8", "-e", letter);
        assert.ok(ours.equals(stdout), `-e ${letter}: ${ours.length} and ${stdout.length} bytes`);
      }
      for (const word of WORDS) {
        const wide = Array.from(word, (letter) => `\\x${letter.charCodeAt(0).toString(16)}\\x00`).join("");
        const asked: readonly (readonly [ours: readonly string[], grep: readonly string[]])[] = [
          [[], ["-F", word]],
          [["-i"], ["-iF", word]],
          [["--utf16"], ["-P", wide]],
          [
            ["--utf16", "-i"],
            ["-iP", wide],
          ],
        ];
        for (const [options, grep] of asked) {
          // A match a line, wherever it lies; grep says 1 when there is none.
          const { stdout, status } = spawnSync("grep", ["-a", "-o", "-b", ...grep, file], {
            encoding: "latin1",
            maxBuffer: 1 << 28,
            env: { ...process.env, LC_ALL: "C" },
          });
          assert.ok(status === 0 || status === 1, String(status));
          const count = stdout.match(/^\d+:/gm)?.length ?? 0;
          const ours = await cryoscope("search", images, word, "--count", "--threads", "1", ...options);
          assert.equal(Number(ours.toString()), count, `${word} ${options.join(" ")}`);
        }
      }
    });
});
