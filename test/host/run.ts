// Runs dist/test/vscode inside a real VS Code on a scratch copy of the sample workspace. The VS Code server from npm
// is the same on every Linux machine; elsewhere @vscode/test-electron fetches a desktop VS Code.
import { runTests } from "@vscode/test-electron";
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { existsSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runSealedSession } from "./traces.ts";
import { CACHE, PROJECT, atProcessEnd, hostUnavailable, runExtensionTests } from "./index.ts";

const TIMEOUT_MS = 720_000;
/** Picks tests, as `mocha --grep` does. */
const { MOCHA_GREP } = process.env;
const tests = join(PROJECT, "dist/test/vscode/index.cjs");

async function inServer(folder: string): Promise<number> {
  const env = MOCHA_GREP === undefined ? {} : { MOCHA_GREP };
  return await runExtensionTests({ extension: PROJECT, tests, folder, env, timeoutMs: TIMEOUT_MS });
}

async function inDesktop(folder: string): Promise<number> {
  return await runTests({
    extensionDevelopmentPath: PROJECT,
    extensionTestsPath: tests,
    launchArgs: [folder, "--disable-extensions", "--disable-workspace-trust", "--skip-welcome"],
    cachePath: join(CACHE, "vscode"),
  });
}

async function main(): Promise<number> {
  if (!existsSync(tests)) {
    console.error("There is nothing to run: `npm run build` makes dist/test.");
    return 2;
  }
  const scratch = await mkdtemp(join(tmpdir(), "cryo-ws-"));
  const kept = atProcessEnd(() => {
    rmSync(scratch, { recursive: true, force: true });
  });
  try {
    const folder = join(scratch, "sample");
    const sample = join(PROJECT, "media/sample");
    if (existsSync(sample)) await cp(sample, folder, { recursive: true });
    else await mkdir(folder);
    if (hostUnavailable() !== undefined) return await inDesktop(folder);
    const code = await inServer(folder);
    return code === 0 && MOCHA_GREP === undefined ? await runSealedSession() : code;
  } finally {
    kept();
    await rm(scratch, { recursive: true, force: true });
  }
}

process.exitCode = await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  return 1;
});
