/** The lab's container images: made from the lab's own files, in both engines, with no registry. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { inLab } from "./namespaces.ts";
import { IMAGES, LAB, RUN } from "./place.ts";
import { run } from "./process.ts";

/** Node's own builds, as the package registry has them. Node 20, because later ones open an io_uring, which criu refuses. */
const NODE_PACKAGE = `node-linux-${process.arch}`;
const NODE_VERSION = "20";
const SOURCES = [
  "inside/images.sh",
  "programs/threads.c",
  "programs/steps.c",
  "programs/steps.go",
  "programs/steps.py",
];

/** The program that the images with Node have. */
export const NODE = join(IMAGES, "npm/node_modules", NODE_PACKAGE, "bin/node");

/** Makes and imports what is missing. The lab must be up. */
export function provideImages(): void {
  const prefix = join(IMAGES, "npm");
  if (!existsSync(NODE)) {
    const quiet = ["--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"];
    run("npm", ["install", "--prefix", prefix, ...quiet, `${NODE_PACKAGE}@${NODE_VERSION}`], {
      log: join(LAB, "npm.log"),
    });
  }
  const sources = SOURCES.map((name) => readFileSync(join(import.meta.dirname, name), "utf8"));
  const key = createHash("sha256").update(sources.join("\0")).digest("hex").slice(0, 12);
  const [file, args] = inLab(["bash", "/project/test/lab/inside/images.sh", IMAGES, NODE, key]);
  run(file, args, { log: join(RUN, "images.log") });
}
