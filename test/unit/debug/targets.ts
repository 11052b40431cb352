// A process of this machine in place of one in a container.
import assert from "node:assert/strict";
import { debuggersHere, Resources, RUNTIMES } from "../../../src/debug/index.ts";
import type { Attachment, Program, RuntimeId, Target } from "../../../src/debug/index.ts";

export const program = (pid: number, exe: string, ...args: readonly string[]): Program => ({
  ...{ pid, hostPid: undefined, exe },
  argv: [exe, ...args],
});

/** What a debugger is to be attached to; nothing of it is looked for on this machine unless `here` says so. */
export function targetHere(change: Partial<Target> = {}): Target {
  return {
    engine: { name: "Test", host: "127.0.0.1" },
    container: {
      ...{ id: "c", name: "web", image: "", state: "running", status: "", command: "", pid: 1, argv: [] },
      ...{ environment: [], workingDirectory: "/", tty: false, networkMode: "host", addresses: [] },
      ...{ ports: [], mounts: [], exitCode: undefined, warnings: [] },
    },
    // This very process: whatever it is, its /proc can be read.
    program: { ...program(1, process.execPath), hostPid: process.pid },
    programs: [],
    mappings: [{ localRoot: '/home/me/my "app"', remoteRoot: "/app" }],
    here: debuggersHere([], "/nowhere"),
    port: undefined,
    debugger: undefined,
    stopOnEntry: false,
    own: new Resources(),
    log: () => undefined,
    signal: undefined,
    timeout: undefined,
    ...change,
  };
}

export function attach(id: RuntimeId, to: Target): Promise<Attachment> {
  const runtime = RUNTIMES.find((one) => one.id === id);
  assert.ok(runtime);
  return runtime.attach(to);
}
