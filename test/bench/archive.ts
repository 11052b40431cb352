// A Podman archive of 2 GiB, and both sides of looking into it: `cryoscope inspect` and checkpointctl of the lab's Debian root.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, openSync, closeSync, readFileSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../lab/place.ts";
import { fixture } from "../unit/fixtures.ts";
import type { Bench } from "./run.ts";

const SIZE = 2 ** 31;
const BLOCK = 512;
const PIECE = 2 ** 20;
const PAGES = "checkpoint/pages-1.img";

/** How the archive is packed, and the program of the lab that packs it. */
const PACKINGS = {
  none: { name: "archive.tar", pack: undefined },
  gzip: { name: "archive.tar.gz", pack: ["gzip", "-kf"] },
  zstd: { name: "archive.tar.zst", pack: ["zstd", "-qkf"] },
} as const;

/** The comparison for one packing. */
export function archiveBench(packing: keyof typeof PACKINGS, goal: number, rounds: number): Bench {
  return {
    title: `overview of a 2 GiB archive, ${packing === "none" ? "uncompressed" : packing}`,
    goal,
    rounds,
    async prepare() {
      const why = whyNoCheckpointctl();
      if (why !== undefined) {
        console.error(`archive-${packing}: ${why}`);
        return undefined;
      }
      const { name, pack } = PACKINGS[packing];
      const folder = join(ROOT, "tmp/bench");
      const plain = join(folder, PACKINGS.none.name);
      const file = join(folder, name);
      mkdirSync(folder, { recursive: true });
      if (!existsSync(plain) || statSync(plain).size < SIZE) await writeArchive(plain);
      if (pack && !existsSync(file)) {
        const { status } = spawnSync("chroot", [ROOT, ...pack, `/tmp/bench/${PACKINGS.none.name}`]);
        if (status !== 0) throw new Error(`${pack[0]} ended with ${status}`);
      }
      return [
        { name: "cryoscope inspect", commands: [[process.execPath, "dist/cli.cjs", "inspect", file]] },
        {
          name: "checkpointctl inspect --all",
          commands: [["chroot", ROOT, "checkpointctl", "inspect", "--all", `/tmp/bench/${name}`]],
        },
      ];
    },
  };
}

/** Why checkpointctl can't be run here; undefined when it can. */
export function whyNoCheckpointctl(): string | undefined {
  if (process.getuid?.() !== 0) return "checkpointctl runs in the lab's root, which needs root";
  if (!existsSync(join(ROOT, "usr/bin/checkpointctl")))
    return "the lab isn't built: node --import tsx test/lab/lab.ts up";
  return undefined;
}

/**
 * A real archive of Podman whose pages file was made longer: code of this Node for three quarters, zeros for one, as the
 * memory of a process is. Its images stay what they were.
 */
async function writeArchive(path: string): Promise<void> {
  const original = readFileSync(join(await fixture("corpus/g-podman-none"), "checkpoint.tar"));
  const filling = readFileSync(process.execPath);
  const zeros = Buffer.alloc(PIECE);
  const output = openSync(path, "w");
  for (let at = 0; at + BLOCK <= original.length && original[at] !== 0;) {
    const header = Buffer.from(original.subarray(at, at + BLOCK));
    const size = parseInt(header.toString("latin1", 124, 135), 8);
    const body = original.subarray(at + BLOCK, at + BLOCK + Math.ceil(size / BLOCK) * BLOCK);
    at += BLOCK + body.length;
    if (header.toString("latin1", 0, PAGES.length) !== PAGES) {
      writeSync(output, Buffer.concat([header, body]));
      continue;
    }
    header.write(SIZE.toString(8).padStart(11, "0"), 124, "latin1");
    header.fill(" ", 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
    writeSync(output, Buffer.concat([header, body]));
    let left = SIZE - body.length;
    for (let piece = 0; left > 0; piece++) {
      const start = (piece * 7919 * 4096) % (filling.length - PIECE);
      const bytes = piece % 4 === 3 ? zeros : filling.subarray(start, start + PIECE);
      writeSync(output, bytes, 0, Math.min(left, PIECE));
      left -= PIECE;
    }
  }
  writeSync(output, Buffer.alloc(20 * BLOCK));
  closeSync(output);
}
