import * as vscode from "vscode";
import { restoreForDebugging } from "../../debug/index.ts";
import type { Engines } from "../engines/index.ts";
import { askToReplace, assertMayRun } from "../snapshots/index.ts";
import type { Catalog } from "../snapshots/index.ts";
import { debugErrors } from "./errors.ts";
import type { LiveSessionWork } from "./live-session.ts";

/**
 * Wakes the snapshot that a `cryoscope` configuration names and gives the JavaScript debugger's configuration for the
 * Node process in it. The paths of the configuration win over those found from the container's mounts.
 */
export function liveNodeWork(
  configuration: vscode.DebugConfiguration,
  { engines, catalog }: { engines: Engines; catalog: Catalog },
): LiveSessionWork {
  return {
    async start(log, signal) {
      if (!vscode.workspace.isTrusted) throw debugErrors.notTrusted();
      const wanted = text(configuration.snapshot) ?? "";
      const snapshot = await catalog.find(wanted);
      if (!snapshot) throw debugErrors.noSnapshot(wanted);
      await assertMayRun(snapshot);
      const engine = await engines.of(snapshot);
      await askToReplace(engine, snapshot);
      log(`Waking “${snapshot.name}” (${snapshot.container.name}) on ${engine.name} …`);
      const live = await restoreForDebugging(
        engine,
        snapshot,
        { replace: true },
        {
          signal,
          onProgress: ({ phase }) => {
            log(phase);
          },
        },
      );
      await catalog.woken(snapshot);
      engines.refresh();
      log(
        `${live.container.name} runs again; the inspector is at ${live.inspector.address}:${live.inspector.port}.`,
      );
      const localRoot = text(configuration.localRoot) ?? live.configuration.localRoot;
      const remoteRoot = text(configuration.remoteRoot) ?? live.configuration.remoteRoot;
      return {
        ...live.configuration,
        ...(localRoot !== undefined && remoteRoot !== undefined && { localRoot, remoteRoot }),
      };
    },
  };
}

/** launch.json is written by hand: a value of another type counts as not given. */
const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;
