// Puts a real VS Code server, the Node it wants and a Chromium into the cache. Needs npm, tar and glibc: no root, no
// compiler, and no package's install script is run.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliDecompressSync } from "node:zlib";
import { installOnce, npm, unpack } from "./cache.ts";
import { PINS } from "./pins.ts";
import { ADDON_STANDINS, DROPPED_DEPENDENCIES, DROPPED_EXTENSIONS } from "./trim.ts";

const run = promisify(execFile);

/** The programs of the host. */
export interface Host {
  /** A Node that the server runs on. */
  readonly node: string;
  /** The server's entry: run it with `node`. */
  readonly serverMain: string;
  readonly chromium: string;
  /** What Chromium must find in its environment. */
  readonly chromiumEnv: Readonly<Record<string, string>>;
}

/** Why the npm host cannot run here, or undefined when it can. */
export function hostUnavailable(): string | undefined {
  if (process.platform === "linux" && process.arch === "x64") return undefined;
  return `the VS Code server from npm is for Linux on x86-64, this is ${process.platform} on ${process.arch}`;
}

/** Installs what is missing (12 s when nothing is there and the network is quick) and tells where it is. */
export async function ensureHost(): Promise<Host> {
  const unavailable = hostUnavailable();
  if (unavailable !== undefined) throw new Error(`No test host: ${unavailable}. Run on such a machine.`);
  const [node, serverMain, browser] = await Promise.all([nodeForServer(), server(), chromium()]);
  return { node, serverMain, ...browser };
}

const NODE_FILES = ["package/bin/node", "package/LICENSE"];

async function nodeForServer(): Promise<string> {
  // The server's bundled addons are built for Node 24.
  if (process.versions.node.startsWith("24.")) return process.execPath;
  const folder = await installOnce(PINS.node, NODE_FILES, (scratch) => unpack(scratch, 1, NODE_FILES));
  return join(folder, "bin/node");
}

const TRIM = [DROPPED_DEPENDENCIES, DROPPED_EXTENSIONS, ADDON_STANDINS];

async function server(): Promise<string> {
  const folder = await installOnce(PINS.server, TRIM, async (scratch) => {
    await unpack(scratch, 1, ["package/lib/vscode", "package/LICENSE", "package/ThirdPartyNotices.txt"]);
    await completeServer(join(scratch, "lib/vscode"));
  });
  return join(folder, "lib/vscode/out/server-main.js");
}

async function completeServer(vscode: string): Promise<void> {
  const manifestFile = join(vscode, "package.json");
  // The file comes from a package whose hash was just checked.
  const manifest = JSON.parse(await readFile(manifestFile, "utf8")) as {
    dependencies: Record<string, string>;
  };
  const kept = Object.entries(manifest.dependencies).filter(([name]) => !DROPPED_DEPENDENCIES.includes(name));
  await writeFile(
    manifestFile,
    JSON.stringify({ ...manifest, dependencies: Object.fromEntries(kept) }, null, 2),
  );
  for (const name of DROPPED_EXTENSIONS)
    await rm(join(vscode, "extensions", name), { recursive: true, force: true });

  // `npm ci` finds the shrinkwrap out of step with the manifest; `install` takes its versions all the same.
  await npm(["install", "--omit=dev"], vscode);
  await npm(["install", "--omit=dev"], join(vscode, "extensions"));

  const ripgreps = join(vscode, "node_modules/@vscode/ripgrep-universal/bin");
  for (const name of await readdir(ripgreps))
    if (name !== `${process.platform}-${process.arch}`) await rm(join(ripgreps, name), { recursive: true });
  for (const [addon, code] of Object.entries(ADDON_STANDINS))
    await writeFile(join(vscode, "node_modules", addon, "index.js"), code);
}

async function chromium(): Promise<Pick<Host, "chromium" | "chromiumEnv">> {
  const own = process.env["CHROMIUM"];
  if (own !== undefined && own !== "") {
    if (existsSync(own)) return { chromium: own, chromiumEnv: {} };
    throw new Error(
      `CHROMIUM names ${own}, which isn't there. Unset it to use the pinned Chromium from npm.`,
    );
  }
  const folder = await installOnce(PINS.chromium, FONTS, async (scratch) => {
    await unpack(scratch, 2, ["package/bin"]);
    await inflateChromium(scratch);
  });
  return {
    chromium: join(folder, "chromium"),
    chromiumEnv: { LD_LIBRARY_PATH: join(folder, "lib"), FONTCONFIG_FILE: join(folder, "fonts.conf") },
  };
}

/** Everything in the package is brotli; libraries and fonts are tars inside. */
async function inflateChromium(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.endsWith(".br")) continue;
    const packed = join(folder, name);
    const plain = packed.slice(0, -".br".length);
    await writeFile(plain, brotliDecompressSync(await readFile(packed)), { mode: 0o755 });
    await rm(packed);
    if (!plain.endsWith(".tar")) continue;
    await run("tar", ["xf", plain, "--no-same-owner"], { cwd: folder });
    await rm(plain);
  }
  await writeFile(join(folder, "fonts.conf"), FONTS);
}

const FONTS = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>/usr/share/fonts</dir>
  <dir prefix="relative">fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
`;
