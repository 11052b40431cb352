import * as vscode from "vscode";
import {
  assertNoneStopped,
  attachTo,
  clearStops,
  continueProcesses,
  endForRewind,
  holdContainer,
  IN_HANDLER,
  inspectIfThere,
  leaveToTracer,
  liveErrors,
  liveOptions,
  pathMappings,
  Resources,
  restoreForDebugging,
  whatStays,
} from "../../debug/index.ts";
import type { LeftoverRecords, LetGo, LiveSession, LiveWork, Program, Strike } from "../../debug/index.ts";
import type { ContainerDetails, Engine, Snapshot } from "../../engine/index.ts";
import { freezeQuietly, proposedName } from "../engines/index.ts";
import { showError } from "../messages.ts";
import type { Engines } from "../engines/index.ts";
import { askToReplace, assertMayRun, engineFor } from "../snapshots/index.ts";
import type { Catalog } from "../snapshots/index.ts";
import type { AttachedSessions } from "./attached.ts";
import { editorDebuggers } from "./debug-types.ts";
import { debugErrors } from "./errors.ts";
import type { LiveSessionWork } from "./live-session.ts";
import { restoreSteps } from "./restore-steps.ts";

export interface LiveParts {
  readonly engines: Engines;
  readonly catalog: Catalog;
  readonly attached: AttachedSessions;
  readonly leftovers: LeftoverRecords;
}

/** What a `cryoscope` configuration asks for: a snapshot restored (launch), or a container that runs (attach). */
export function liveWork(
  configuration: vscode.DebugConfiguration,
  folder: vscode.WorkspaceFolder | undefined,
  { engines, catalog, attached, leftovers }: LiveParts,
  log: (line: string) => void,
): LiveSessionWork {
  const options = liveOptions(configuration, folder?.uri.fsPath);
  /** The container, when it is ours, and the process that is held in it. */
  let own = new Resources();
  /** What the debugger needs: gone when it has detached. */
  let line = new Resources();
  let now: { readonly engine: Engine; readonly live: LiveSession } | undefined;
  let asked = false;
  let letGo: LetGo | undefined;
  /** An engine was left alone with a restore that it may still end. */
  let isLeft = false;
  /** What may be stopped by a signal until its debugger traces it. */
  let stopped: Program | undefined;
  /** Strikes out that the container is held. */
  let goes: Strike | undefined;

  const workOf = (signal: AbortSignal, resources: Resources): LiveWork => ({
    here: editorDebuggers(folder),
    own: resources,
    note: leftovers.note,
    signal,
    log,
  });

  async function attach(
    engine: Engine,
    container: ContainerDetails,
    signal: AbortSignal,
    held: readonly number[] = [],
  ) {
    line = new Resources();
    const hold = options.stopped || held.length > 0;
    // A debugger that leaves lets it go on; one that never came can't.
    if (held.length > 0) await line.own("held process", () => continueProcesses(engine, container, held));
    // The process goes on listening where it was told to, and can't be told twice.
    const port = now?.live.attachment.port ?? options.port;
    const live = await attachTo(engine, container, { ...options, port, stopped: hold }, workOf(signal, line));
    now = { engine, live };
    stopped = hold && TRACED.has(live.runtime) ? live.program : undefined;
    const roots = pathMappings(container, options.sources).map(({ localRoot }) => localRoot);
    return attached.configure(live.attachment, {
      stopOnEntry: options.stopOnEntry || hold,
      localRoots: roots,
    });
  }

  async function wake(snapshotName: string, signal: AbortSignal) {
    const chosen = await catalog.find(snapshotName);
    if (!chosen) throw debugErrors.noSnapshot(snapshotName);
    // Once for a session: to rewind is to say yes again.
    if (!asked) await assertMayRun(chosen);
    const { engine, snapshot } = await engineFor(engines, chosen);
    if (!asked && !options.copy) await askToReplace(engine, snapshot);
    asked = true;
    await own.dispose();
    own = new Resources();
    if (now !== undefined) await endForRewind(engine, now.live.container, snapshot, { signal });
    if (options.stopped && !options.copy) await noteHeld(engine, snapshot.container.id);
    const verb = now === undefined ? "Waking" : "Rewinding to";
    log(`${verb} “${snapshot.name}” (${snapshot.container.name}) on ${engine.name} …`);
    const steps = restoreSteps(log);
    const container = await restoreForDebugging(engine, snapshot, options, {
      ...workOf(signal, own),
      onProgress: (progress) => {
        steps.on(progress);
      },
    })
      .catch((error: unknown) => {
        isLeft = signal.aborted;
        throw error;
      })
      .finally(() => {
        steps.end();
      });
    isLeft = false;
    if (!options.copy) await catalog.woken(snapshot);
    engines.refresh();
    now = undefined;
    return attach(engine, container, signal);
  }

  async function noteHeld({ endpoint }: Engine, container: string): Promise<void> {
    await goes?.();
    goes = await leftovers.note({ kind: "held", endpoint, container });
  }

  return {
    async start(signal) {
      if (!vscode.workspace.isTrusted) throw debugErrors.notTrusted();
      await leftovers.sweep();
      const snapshot = text(configuration["snapshot"]);
      if (configuration.request === "attach") {
        // To rewind such a session there must be a point to go back to.
        if (now !== undefined) throw debugErrors.nothingToRewind();
        const { engine, container } = await runningContainer(engines, catalog, configuration);
        return attach(engine, container, signal);
      }
      return wake(snapshot ?? "", signal);
    },
    async attached() {
      if (stopped !== undefined) await leaveToTracer(stopped);
      stopped = undefined;
      await goes?.();
    },
    async hold() {
      if (now === undefined) return;
      await noteHeld(now.engine, now.live.container.id);
      letGo = await holdContainer(now.engine, now.live);
      if (letGo === undefined) log("It can't be held until it is frozen: it may run on for a moment.");
      // A tracer can leave what is held; another debugger waits for its answer, so its line is cut.
      else if (!TRACED.has(now.live.runtime)) await line.dispose();
    },
    async leave() {
      await line.dispose();
    },
    async freeze(signal) {
      if (now === undefined) throw liveErrors.notRunning("");
      const { engine, live } = now;
      const { container, program } = live;
      const { leaveRunning, tcpEstablished } = able(engine);
      const choice = {
        name: proposedName(container.name, new Date()),
        note: `frozen while process ${program.pid} was debugged`,
        ...(leaveRunning && { leaveRunning }),
        // debugpy speaks to its process over one.
        ...(tcpEstablished && live.runtime === "python" && { tcpEstablished }),
      };
      // What a debugger traces can be held until the next one has it.
      const held = letGo !== undefined && TRACED.has(live.runtime);
      if (held) clearStops(program);
      let failure: unknown;
      const frozen = assertNoneStopped(engine, container).then(() =>
        freezeQuietly(engine, container, choice, catalog, { signal }),
      );
      await frozen.then(
        ({ snapshot }: { readonly snapshot: Snapshot }) => log(`Frozen as “${snapshot.name}”.`),
        (error: unknown) => (failure = error),
      );
      if ((await letGo?.(held)) === false) log(IN_HANDLER);
      // Whatever became of the freeze, the debugger comes back.
      const after = await engine.inspect(container.id);
      const again = await attach(engine, after, signal, held ? [program.pid] : []);
      if (failure !== undefined) void showError(failure);
      return again;
    },
    async release() {
      await letGo?.().catch(() => undefined);
      const failures = [...(await line.dispose()), ...(await own.dispose())];
      if (now !== undefined && failures.length === 0)
        log(await whatStays(now.engine, now.live.container, options.copy));
      if (failures.length === 0) await goes?.(isLeft ? "settling" : undefined);
      for (const failure of failures) void showError(failure);
      engines.refresh();
    },
  };
}

/** Debugged by ptrace. */
const TRACED: ReadonlySet<string> = new Set(["native", "go"]);

function able({ capabilities }: Engine) {
  const has = (name: "leaveRunning" | "tcpEstablished"): boolean =>
    capabilities.checkpointOptions.includes(name);
  return { leaveRunning: has("leaveRunning"), tcpEstablished: has("tcpEstablished") };
}

/** The container that an `attach` names, or the one that its snapshot was made of. */
async function runningContainer(
  engines: Engines,
  catalog: Catalog,
  configuration: vscode.DebugConfiguration,
): Promise<{ readonly engine: Engine; readonly container: ContainerDetails }> {
  const wanted = text(configuration["snapshot"]);
  const snapshot = wanted === undefined ? undefined : await catalog.find(wanted);
  const name = text(configuration["container"]) ?? snapshot?.container.id;
  if (name === undefined) throw debugErrors.noContainer(wanted ?? "");
  const endpoint = snapshot?.engine.endpoint ?? text(configuration["engine"]);
  for (const engine of await engines.usable()) {
    if (endpoint !== undefined && engine.endpoint !== endpoint) continue;
    const container = await inspectIfThere(engine, name).catch((error: unknown) => {
      // Of the one that is named its failure is the reason; another may have the container.
      if (endpoint !== undefined) throw error;
      return undefined;
    });
    if (container !== undefined) return { engine, container };
  }
  throw debugErrors.noContainer(name);
}

/** launch.json is written by hand: a value of another type counts as not given. */
const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;
