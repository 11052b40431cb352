import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { critDecode, whyNoCrit } from "./crit.ts";
import { pagemapImage } from "./pagemap-image.ts";
import type { Runs } from "./pagemap-image.ts";
import type { Bench } from "./run.ts";

const ENTRIES = 100_000;

/** Decoding a large pagemap beside crit. */
export function pagemapBench(runs: Runs): Bench {
  return {
    title: `decode a pagemap of ${ENTRIES} entries, ${runs}`,
    goal: 20,
    rounds: 5,
    prepare() {
      const why = whyNoCrit();
      if (why !== undefined) {
        console.error(`decode-pagemap: ${why}`);
        return Promise.resolve(undefined);
      }
      const file = join(mkdtempSync(join(tmpdir(), "bench-")), "pagemap-1.img");
      writeFileSync(file, pagemapImage(ENTRIES, runs));
      return Promise.resolve([
        {
          name: "cryoscope decode",
          commands: [[process.execPath, "dist/cli.cjs", "decode", "--plain", file]],
        },
        { name: "crit decode", commands: [critDecode(file, `pagemap-${runs}.img`)] },
      ]);
    },
  };
}
