import { createVSIX, listFiles, PackageManager } from "@vscode/vsce";
import { readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { runGroup, typescript } from "./processes.ts";

const MIB = 1 << 20;
const VSIX_LIMIT = 3 * MIB;
/** What is read on every activation. */
const MAIN_LIMIT = 1 * MIB;
const MAIN = "dist/extension.cjs";
const BUILD_MS = 120_000;

export interface Packaged {
  /** `cryoscope-VERSION.vsix`, in the project's folder. */
  readonly file: string;
  /** Paths inside the extension. */
  readonly files: readonly string[];
  readonly bytes: number;
}

/** Where `packageExtension` puts its file. */
export async function vsixFile(project: string): Promise<string> {
  // The project's own manifest.
  const { name, version } = JSON.parse(await readFile(join(project, "package.json"), "utf8")) as Manifest;
  return join(project, `${name}-${version}.vsix`);
}

interface Manifest {
  readonly name: string;
  readonly version: string;
}

/** Builds for production and packs. Throws, and leaves no file, when the package breaks a limit. */
export async function packageExtension(project: string): Promise<Packaged> {
  const build = await runGroup(process.execPath, typescript("scripts/build.ts", "--production"), {
    timeoutMs: BUILD_MS,
    tee: process.stderr,
  });
  if (build.code !== 0) throw new Error("The production build failed, see above.");
  const file = await vsixFile(project);
  await createVSIX({
    cwd: project,
    packagePath: file,
    dependencies: false,
    // The project has no public address yet to make relative links absolute with.
    allowMissingRepository: true,
    rewriteRelativeLinks: false,
  });
  const files = await listFiles({ cwd: project, packageManager: PackageManager.None });
  const { size } = await stat(file);
  const broken = await brokenLimits(project, files, size);
  if (broken.length > 0) {
    await rm(file);
    throw new Error(`Not packaged: ${broken.join("; ")}.`);
  }
  return { file, files, bytes: size };
}

async function brokenLimits(project: string, files: readonly string[], bytes: number): Promise<string[]> {
  const main = (await stat(join(project, MAIN))).size;
  const modules = files.filter((name) => name.split("/").includes("node_modules"));
  const needed = ["package.json", MAIN, "README.md", "LICENSE"].filter((name) => !files.includes(name));
  return [
    ...(bytes > VSIX_LIMIT ? [`the .vsix has ${bytes} bytes, more than ${VSIX_LIMIT}`] : []),
    ...(main > MAIN_LIMIT ? [`${MAIN} has ${main} bytes, more than ${MAIN_LIMIT}`] : []),
    ...(modules.length > 0 ? [`it holds node_modules (${modules[0]})`] : []),
    ...(needed.length > 0 ? [`${needed.join(", ")} is missing`] : []),
  ];
}
