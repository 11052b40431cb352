import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeSample } from "./make-sample.ts";
import { PROJECT } from "./place.ts";

/** The archive's files, without the numbers that differ from one freeze to the next. */
function files(archive: string): string[] {
  const names = execFileSync("tar", ["-tzf", archive], { encoding: "utf8" }).trimEnd().split("\n");
  return [...new Set(names.map((name) => name.replace(/-\d+(?=\.)/, "-N")))].sort();
}

describe("the sample", () => {
  it("can be made anew by its script, wakes, and holds the same images", () => {
    const folder = mkdtempSync(join(tmpdir(), "cryoscope-sample-"));
    try {
      const archive = join(folder, "checkpoint.tar.gz");
      makeSample(archive, join(folder, "description.tar.gz"));
      assert.deepEqual(files(archive), files(join(PROJECT, "media/sample/checkpoint.tar.gz")));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
