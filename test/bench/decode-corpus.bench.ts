import { mkdirSync, mkdtempSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { corpusPaths } from "./corpus.ts";
import { critDecode, whyNoCrit } from "./crit.ts";
import type { Command } from "./measure.ts";
import type { Bench } from "./run.ts";

/** Images whose decoding is measured: every n-th, so that crit's processes, one an image, take a minute and not ten. */
const EVERY = 8;

/** All at once: one process, which wants file names that differ. */
function together(paths: readonly string[]): Command {
  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  const links = paths.map((path, index) => {
    const link = join(folder, `${index}-${basename(path)}`);
    symlinkSync(path, link);
    return link;
  });
  const output = join(folder, "json");
  mkdirSync(output);
  return [process.execPath, "dist/cli.cjs", "decode", "--plain", ...links, "-o", output];
}

export const bench: Bench = {
  title: "decode the images of the corpus",
  goal: 10,
  rounds: 3,
  async prepare() {
    const why = whyNoCrit();
    if (why !== undefined) {
      console.error(`decode-corpus: ${why}`);
      return undefined;
    }
    const paths = (await corpusPaths()).filter((_, index) => index % EVERY === 0);
    return [
      { name: `cryoscope decode, one process for ${paths.length} images`, commands: [together(paths)] },
      {
        name: "cryoscope decode, a process an image",
        commands: paths.map((path) => [process.execPath, "dist/cli.cjs", "decode", "--plain", path]),
      },
      {
        name: "crit decode, a process an image",
        commands: paths.map((path, index) => critDecode(path, `${index}-${basename(path)}`)),
      },
    ];
  },
};
