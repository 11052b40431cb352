// The two desktop ways of `npm start`. Both get data and extension folders of their own, so that nothing of the
// user's VS Code is touched and a running one doesn't swallow the window.
import { downloadAndUnzipVSCode } from "@vscode/test-electron";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, constants, stat } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { CACHE, PROJECT } from "../test/host/index.ts";
import { hasDisplay } from "./display.ts";
import { runGroup, typescript } from "./processes.ts";
import { SAMPLE } from "./sample.ts";

const BUILD_MS = 120_000;
/** How long a silent download server is waited for. */
const SILENCE_MS = 6_000;

export async function runInstalled(): Promise<string | undefined> {
  const code = await codeOnPath();
  if (code === undefined) return "No `code` on PATH.";
  await build();
  console.log(`Opening ${code}`);
  // It hands the window to a process of its own and is done.
  return await open(code);
}

export async function runDownloaded(): Promise<string | undefined> {
  if (!hasDisplay()) return "No display here, so no desktop VS Code is downloaded.";
  let code: string;
  try {
    code = await downloadAndUnzipVSCode({
      version: "stable",
      cachePath: join(CACHE, "vscode"),
      timeout: SILENCE_MS,
    });
  } catch (error) {
    return `VS Code could not be downloaded (${error instanceof Error ? error.message : String(error)}).`;
  }
  await build();
  console.log(`Opening ${code}; close its window or press Ctrl-C to end.`);
  return await open(code);
}

async function build(): Promise<void> {
  const { code } = await runGroup(process.execPath, typescript("scripts/build.ts"), {
    timeoutMs: BUILD_MS,
    tee: process.stderr,
  });
  if (code !== 0) throw new Error("The build failed, see above.");
}

async function open(code: string): Promise<string | undefined> {
  const child = spawn(code, desktopArguments(), { stdio: "inherit" });
  try {
    const [status] = (await once(child, "exit")) as [number | null];
    return status === 0 ? undefined : `${code} ended with ${status ?? "a signal"}.`;
  } catch (error) {
    return `${code} could not be started (${String(error)}).`;
  }
}

function desktopArguments(): string[] {
  const home = join(CACHE, "start");
  return [
    "--new-window",
    `--extensionDevelopmentPath=${PROJECT}`,
    `--user-data-dir=${join(home, "data")}`,
    `--extensions-dir=${join(home, "extensions")}`,
    // The sample is ours; without trust it would not be opened.
    "--disable-workspace-trust",
    "--skip-welcome",
    // Chromium refuses to run as root with its sandbox.
    ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
    SAMPLE,
  ];
}

async function codeOnPath(): Promise<string | undefined> {
  const names = process.platform === "win32" ? ["code.cmd"] : ["code"];
  for (const folder of (process.env["PATH"] ?? "").split(delimiter))
    for (const name of names) {
      const file = join(folder, name);
      if (!(await isExecutable(file))) continue;
      // A batch file needs a shell; the program it starts lies one folder up.
      return process.platform === "win32" ? join(dirname(folder), "Code.exe") : file;
    }
  return undefined;
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}
