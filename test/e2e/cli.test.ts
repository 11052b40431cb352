/** The command line as it is packaged: bundles that load one another, which the tests of the sources don't touch. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { COMMANDS } from "../../src/cli/commands.ts";
import { pagemapImage } from "../bench/pagemap-image.ts";

const run = promisify(execFile);
const SAMPLE = "media/sample/checkpoint.tar.gz";

/** What the packaged command line prints; rejects when it ends with anything but 0 or 1 (done, with findings). */
async function cryoscope(...args: readonly string[]): Promise<string> {
  const ended = await run(process.execPath, ["dist/cli.cjs", ...args], { maxBuffer: 64 * 2 ** 20 }).catch(
    (error: unknown) => {
      // execFile's error: it has what was printed.
      const failed = error as { readonly code?: unknown; readonly stdout: string };
      if (failed.code === 1) return failed;
      throw error;
    },
  );
  return ended.stdout;
}

describe("the packaged command line", () => {
  for (const { name, usage } of COMMANDS)
    it(`finds the code of ${name}`, async () => {
      assert.equal(await cryoscope(name, "--help"), `${usage}\n`);
      // Its own code is loaded to say what is wrong with these words.
      await assert.rejects(cryoscope(name, "--no-such-option"), (error: { readonly code?: number }) => {
        assert.equal(error.code, 2);
        return true;
      });
    });

  for (const format of ["summary", "tree", "table", "json"])
    it(`shows the sample as ${format}`, async () => {
      assert.match(await cryoscope("inspect", SAMPLE, "--format", format), /localhost\/sample:latest/);
    });

  it("decodes a long pagemap where there is no WebAssembly as where there is", async () => {
    const folder = await mkdtemp(join(tmpdir(), "cli-"));
    try {
      const file = join(folder, "pagemap-1.img");
      await writeFile(file, pagemapImage(5_000, "varied"));
      const { stdout } = await run(process.execPath, ["--jitless", "dist/cli.cjs", "decode", file], {
        maxBuffer: 64 * 2 ** 20,
      });
      assert.ok(stdout.length > 5_000 * 100);
      assert.equal(stdout, await cryoscope("decode", file));
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("reads the memory of the sample in a worker and without", async () => {
    assert.match(await cryoscope("search", SAMPLE, "from the sample"), /\[stack\]/);
    assert.match(await cryoscope("strings", SAMPLE, "--pid", "1"), /from the sample/);
    assert.match(await cryoscope("proc", SAMPLE, "/proc/1/maps"), /\/sample/);
    assert.match(await cryoscope("memory", SAMPLE, "--pid", "1", "--address", "0x7ffd353abfc3"), /hello/);
  });
});
