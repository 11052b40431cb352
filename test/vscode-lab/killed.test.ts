// In the extension host, with the lab's engines: it begins live sessions and kills itself in the worst of moments.
import assert from "node:assert/strict";
import { readFileSync, watch, writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { dirname } from "node:path";
import * as vscode from "vscode";
import type { Snapshot } from "../../src/engine/index.ts";
import { Debuggers, until } from "./debug-support.ts";

/** Written by test/lab/vscode-killed.test.ts, which made the containers and looks at what is left. */
interface Killed {
  /** `after`: nothing is begun; the extension is there to see to what the ones before left. */
  readonly moment: "copying" | "holding" | "unpacking" | "stopped" | "after";
  readonly docker: string;
  readonly podman: string;
  /** They run /steps. */
  readonly containers: Readonly<Record<"attached" | "copied" | "dockered" | "held" | "stopped", string>>;
  /** Docker's checkpoints of `dockered`. */
  readonly checkpoints: string;
  /** This machine's number of the process in `held`. */
  readonly heldPid: number;
  /** Written just before the end, with what was there. */
  readonly marker: string;
}

const killed = JSON.parse(process.env["CRYOSCOPE_TEST_KILLED"] ?? "null") as Killed | null;

/** Nothing of this process runs after it, as with a host that is out of memory. */
function die(marker: string, seen: string): void {
  writeFileSync(marker, JSON.stringify({ seen, pid: process.pid }));
  process.kill(process.pid, "SIGKILL");
}

/** Dies when a file of that name comes to be in a folder: whoever made it waits for this very process then. */
function dieAt(folder: string, name: RegExp, marker: string): void {
  watch(folder, (_event, file) => {
    if (file !== null && name.test(file)) die(marker, file);
  });
}

/** `freezer.state` of cgroup v1 or `cgroup.events` of v2 say it of the folders below one that is frozen, too. */
function isFrozen(pid: number): boolean {
  const cgroup = readFileSync(`/proc/${pid}/cgroup`, "utf8");
  const [, old] = /^\d+:(?:[^:]*,)?freezer(?:,[^:]*)?:(.*)$/m.exec(cgroup) ?? [];
  const [, unified = ""] = /^0::(.*)$/m.exec(cgroup) ?? [];
  return old === undefined
    ? /^frozen 1$/m.test(readFileSync(`/sys/fs/cgroup${unified}/cgroup.events`, "utf8"))
    : readFileSync(`/sys/fs/cgroup/freezer${old}/freezer.state`, "utf8").trim() === "FROZEN";
}

// Only where test/lab/vscode-killed.test.ts asks for it.
const when = killed === null ? () => undefined : describe;

when("an extension host that is killed", function () {
  this.timeout(300_000);
  let debuggers: Debuggers;

  before(async () => {
    await vscode.extensions.getExtension("cryoscope.cryoscope")?.activate();
    debuggers = new Debuggers();
  });

  async function freeze(endpoint: string, container: string, leaveRunning: boolean): Promise<Snapshot> {
    const made: unknown = await vscode.commands.executeCommand("cryoscope.checkpointContainer", {
      ...{ endpoint, container, leaveRunning, name: `killed-${container}-${killed?.moment ?? ""}` },
    });
    assert.ok(made, "the container was not frozen");
    return made as Snapshot;
  }

  /** Starts a session and waits for its debugger to stop. */
  async function stopped(configuration: object): Promise<void> {
    const seen = debuggers.count;
    const started = await vscode.debug.startDebugging(undefined, {
      ...{ type: "cryoscope", request: "launch", name: "Killed", stopOnEntry: true, ...configuration },
    });
    assert.ok(started, "the debug session did not start");
    await debuggers.stop(seen);
  }

  const never = (): Promise<never> => new Promise(() => undefined);

  it("begins what it can't end", async () => {
    assert.ok(killed);
    const { moment, docker, podman, containers, checkpoints, heldPid, marker } = killed;
    const launch = { type: "cryoscope", request: "launch", name: "Killed" };
    if (moment === "copying") {
      const { id } = await freeze(podman, containers.copied, true);
      await stopped({ snapshot: id, copy: true, stopped: true });
      await stopped({ request: "attach", container: containers.attached, engine: podman });
      const snapshot = await freeze(docker, containers.dockered, false);
      dieAt(checkpoints, /^stopped-/, marker);
      await vscode.debug.startDebugging(undefined, { ...launch, snapshot: snapshot.id, stopped: true });
    } else if (moment === "holding") {
      await stopped({ request: "attach", container: containers.held, engine: podman });
      vscode.debug.onDidTerminateDebugSession(({ parentSession }) => {
        if (parentSession?.type === "cryoscope") die(marker, isFrozen(heldPid) ? "frozen" : "runs");
      });
      await vscode.commands.executeCommand("cryoscope.freezeHere");
    } else if (moment === "unpacking") {
      const snapshot = await freeze(podman, containers.copied, false);
      assert.equal(snapshot.checkpoint.kind, "archive");
      const folder = dirname(snapshot.checkpoint.kind === "archive" ? snapshot.checkpoint.path : "");
      dieAt(folder, /\.tar\..*\.part$/, marker);
      await vscode.debug.startDebugging(undefined, { ...launch, snapshot: snapshot.id, stopped: true });
    } else if (moment === "stopped") {
      const snapshot = await freeze(docker, containers.stopped, false);
      const id = snapshot.container.id;
      void vscode.debug.startDebugging(undefined, { ...launch, snapshot: snapshot.id, stopped: true });
      await until("its process is stopped", () => stopOf(id), 200_000).then((seen) => {
        die(marker, seen);
      });
    }
    await never();
  });
});

/** The state of a process of the container, when it is stopped: by a signal or by a debugger. */
async function stopOf(container: string): Promise<string | undefined> {
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name)))
    try {
      if (!readFileSync(`/proc/${pid}/cgroup`, "utf8").includes(container)) continue;
      const state = /^State:\s+([Tt])/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
      if (state !== undefined) return state;
    } catch {
      // It has ended.
    }
  return undefined;
}
