// Our own client: sessions of a debug type of ours whose adapter is a program here, or a server behind a relay.
import * as vscode from "vscode";
import { OWN_TYPE, stopOf } from "../../debug/index.ts";
import type { Adapter, Attachment } from "../../debug/index.ts";
import { PAUSE } from "./entry-pause.ts";

/** The key in a configuration that names the adapter; only who made it knows it, so launch.json can start none. */
const KEY = "__cryoscopeAdapter";

/** The adapters of sessions that are about to start, and how those are helped along. */
export class AttachedSessions {
  private readonly waiting = new Map<string, Attachment & { readonly localRoots: readonly string[] }>();
  private count = 0;

  /** The configuration to start an attachment with. */
  configure(
    attachment: Attachment,
    { stopOnEntry, localRoots }: { readonly stopOnEntry: boolean; readonly localRoots: readonly string[] },
  ): vscode.DebugConfiguration {
    const { adapter, waits, runsOn } = attachment;
    const configuration = { ...attachment.configuration, ...(stopOnEntry && runsOn && { [PAUSE]: true }) };
    if (adapter === undefined) return configuration;
    const key = String(++this.count);
    // Only the latest can be about to start; the ones before have their adapters.
    this.waiting.set(key, { ...attachment, waits: waits === true && !stopOnEntry, localRoots });
    return { ...configuration, [KEY]: key };
  }

  register(): vscode.Disposable {
    return vscode.Disposable.from(
      vscode.debug.registerDebugAdapterDescriptorFactory(OWN_TYPE, {
        createDebugAdapterDescriptor: ({ configuration }) => {
          const adapter = this.of(configuration)?.adapter;
          return adapter && descriptor(adapter);
        },
      }),
      vscode.debug.registerDebugAdapterTrackerFactory(OWN_TYPE, {
        createDebugAdapterTracker: (session) => this.tracker(session),
      }),
      vscode.debug.onDidTerminateDebugSession(({ configuration }) => {
        this.waiting.delete(String(configuration[KEY]));
      }),
    );
  }

  private of(configuration: vscode.DebugConfiguration) {
    return this.waiting.get(String(configuration[KEY]));
  }

  private tracker(session: vscode.DebugSession): vscode.DebugAdapterTracker {
    const own = this.of(session.configuration);
    let waits = own?.waits === true;
    return {
      onDidSendMessage: (message: unknown) => {
        showLocalSources(message, own?.localRoots ?? []);
        const stopped = stopOf(message);
        if (!waits || stopped?.reason !== "attach") return;
        waits = false;
        void session.customRequest("continue", { threadId: stopped.threadId });
      },
    };
  }
}

function descriptor(adapter: Adapter): vscode.DebugAdapterDescriptor {
  return adapter.kind === "server"
    ? new vscode.DebugAdapterServer(adapter.port, adapter.host)
    : new vscode.DebugAdapterExecutable(adapter.command, [...adapter.args]);
}

/**
 * A debugger in the container offers to send the sources that it has been told lie here, since it finds none. VS Code
 * shows the files of this machine when the offer is gone; it hands on the same object after its trackers saw it.
 */
function showLocalSources(message: unknown, localRoots: readonly string[]): void {
  if (typeof message !== "object" || message === null) return;
  if ("path" in message && "sourceReference" in message && typeof message.path === "string") {
    const { path } = message;
    if (localRoots.some((root) => path.startsWith(root))) delete message.sourceReference;
    return;
  }
  for (const value of Object.values(message)) showLocalSources(value, localRoots);
}
