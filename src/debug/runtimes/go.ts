// Go: delve, by the editor's Go extension or as a debug adapter of its own.
import { spawn } from "node:child_process";
import { open } from "node:fs/promises";
import { createInterface } from "node:readline";
import { liveErrors } from "../errors.ts";
import type { Program } from "../programs.ts";
import { OWN_TYPE, sessionName } from "./runtime.ts";
import type { Runtime, Target } from "./runtime.ts";

export const go: Runtime = {
  id: "go",
  label: "Go",
  needs: "delve (dlv) on this machine, which must see the process.",
  // Nothing in its name tells; `isGo` looks into the file, and `runtime` says it.
  recognises: () => false,
  async attach(target) {
    const { container, here, mappings, program } = target;
    const { hostPid } = program;
    const settings = {
      request: "attach" as const,
      name: sessionName(target),
      mode: "local",
      processId: hostPid,
      stopOnEntry: target.stopOnEntry,
      substitutePath: mappings.map(({ localRoot, remoteRoot }) => ({ from: localRoot, to: remoteRoot })),
    };
    if (hostPid === undefined) throw liveErrors.notSeenHere(container.name, program.pid);
    // A user may have set its older adapter, for which it wants a file of a workspace folder to be in the editor.
    if (here.types.has("go")) return { configuration: { ...settings, type: "go", debugAdapter: "dlv-dap" } };
    const dlv = await here.find("dlv");
    if (dlv === undefined) throw liveErrors.noDelve(container.name);
    const port = await startDelve(dlv, target);
    return {
      configuration: { ...settings, type: OWN_TYPE },
      adapter: { kind: "server", host: "127.0.0.1", port },
    };
  },
};

const READY_MILLISECONDS = 30_000;

/** A core may be of an older or newer Go than the delve that is here was made for. */
export const ANY_GO: readonly string[] = ["--check-go-version=false"];

/** Where a server that is started belongs, and what it says goes to. */
export type ServerWork = Pick<Target, "own" | "log" | "signal">;

/** The settings of `launch` that open a core, and `program` of which it is (vscode-go's `docs/debugging.md`). */
export const delveOnCore = (core: string, program: string): Readonly<Record<string, unknown>> => ({
  // It can't go on.
  ...{ mode: "core", program, coreFilePath: core, stopOnEntry: true },
});

/** `dlv dap` serves one client and ends with it; what it prints first is where it listens: the port on loopback. */
export async function startDelve(
  dlv: string,
  { own, log, signal }: ServerWork,
  options: readonly string[] = [],
): Promise<number> {
  signal?.throwIfAborted();
  const child = spawn(dlv, ["dap", "--listen=127.0.0.1:0", ...options], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => resolve()).once("error", () => resolve());
  });
  await own.own("delve", async () => {
    // It ends with its client; SIGINT makes one that never had any let go.
    child.kill("SIGINT");
    await ended;
  });
  child.stderr.on("data", (chunk: Buffer) => log(chunk.toString("utf8").trimEnd().slice(0, 1000)));
  return new Promise((resolve, reject) => {
    const fail = (): void => {
      clearTimeout(timer);
      reject(liveErrors.silentAdapter("delve", dlv));
    };
    const timer = setTimeout(fail, READY_MILLISECONDS);
    createInterface(child.stdout).on("line", (line) => {
      const found = /listening at: .*:(\d{1,5})$/.exec(line)?.[1];
      if (found === undefined) return;
      clearTimeout(timer);
      resolve(Number(found));
    });
    void ended.then(fail);
  });
}

/** What the linker of Go writes before a program's build information (`cmd/go/internal/version`). */
const BUILD_INFO = Buffer.from("\xff Go buildinf:", "latin1");
const CHUNK = 1024 * 1024;
const MAX_FILE = 256 * 1024 * 1024;

/** Whether a process's file was made by Go, by the mark that its linker leaves. False when it can't be read. */
export async function isGo({ hostPid }: Program): Promise<boolean> {
  return hostPid !== undefined && isGoFile(`/proc/${hostPid}/exe`);
}

/** The same of a file. */
export async function isGoFile(path: string): Promise<boolean> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return false;
  try {
    const buffer = Buffer.alloc(CHUNK + BUILD_INFO.length);
    for (let at = 0; at < MAX_FILE; at += CHUNK) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
      if (buffer.subarray(0, bytesRead).includes(BUILD_INFO)) return true;
      if (bytesRead < buffer.length) return false;
    }
    return false;
  } catch {
    return false;
  } finally {
    await file.close();
  }
}
