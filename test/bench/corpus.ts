// Every image of the real checkpoints that both decoders know.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { imageTypeByName, looksLikeImage } from "../../src/criu/index.ts";
import { fixture } from "../unit/fixtures.ts";

const ARCHIVES = join(import.meta.dirname, "../fixtures/corpus");

/** Kinds with entries that crit has no handler for, or fails at. */
const NOT_OF_CRIT = new Set(["PIDFD", "SIGNAL", "PSIGNAL", "BINFMT_MISC", "BINFMT_MISC_OLD"]);

/** Paths of the images in `test/fixtures/corpus`; of checkpoints of several layers, of each. */
export async function corpusPaths(): Promise<readonly string[]> {
  const paths: string[] = [];
  for (const archive of readdirSync(ARCHIVES).toSorted()) {
    const root = await fixture(`corpus/${archive.replace(".tar.gz", "")}`);
    for (const name of readdirSync(root, { recursive: true, encoding: "utf8" }).toSorted()) {
      const type = imageTypeByName(name);
      if (
        looksLikeImage(name) &&
        type?.message !== undefined &&
        type.magic !== 0 &&
        !NOT_OF_CRIT.has(type.name)
      )
        paths.push(join(root, name));
    }
  }
  return paths;
}
