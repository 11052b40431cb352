/**
 * Makes media/sample/checkpoint.tar.gz anew, in the lab (which must be up), by the commands in media/sample/make-sample.sh,
 * and writes down in test/fixtures/sample.tar.gz what crit and checkpointctl say about it.
 *   node --import tsx test/lab/make-sample.ts
 */
import { chmodSync, copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { inLab } from "./namespaces.ts";
import { PROJECT, SHARE } from "./place.ts";
import { run } from "./process.ts";

const SCRIPT_MILLISECONDS = 60_000;

/** Freezes the sample program anew into `sample` and describes it in `description`. */
export function makeSample(sample: string, description: string): void {
  const folder = mkdtempSync(join(SHARE, "sample-"));
  const archive = join(folder, "checkpoint.tar.gz");
  const described = join(folder, "description.tar.gz");
  const script = (...command: string[]): void => {
    const [file, args] = inLab(["bash", ...command]);
    run(file, args, { timeoutMilliseconds: SCRIPT_MILLISECONDS });
  };
  try {
    script("/project/media/sample/make-sample.sh", archive);
    script("/project/test/lab/inside/describe.sh", archive, described);
    // Podman makes it root's alone.
    chmodSync(archive, 0o644);
    copyFileSync(archive, sample);
    copyFileSync(described, description);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (process.argv[1] === import.meta.filename)
  makeSample(join(PROJECT, "media/sample/checkpoint.tar.gz"), join(PROJECT, "test/fixtures/sample.tar.gz"));
