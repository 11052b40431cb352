// What the tests of live sessions ask the editor and its debuggers.
import * as vscode from "vscode";

/** A stop of a debugger below one of our sessions. */
export interface Stop {
  readonly session: vscode.DebugSession;
  readonly threadId: number;
  readonly reason: string;
}

/** Keeps what the debuggers below our sessions say; registered before they start. */
export class Debuggers implements vscode.Disposable {
  readonly sessions = new Set<vscode.DebugSession>();
  private readonly stops: Stop[] = [];
  private readonly listening = vscode.Disposable.from(
    vscode.debug.registerDebugAdapterTrackerFactory("*", {
      createDebugAdapterTracker: (session) =>
        hasCryoscopeAncestor(session)
          ? {
              onWillStartSession: () => void this.sessions.add(session),
              onDidSendMessage: (message: unknown) => {
                const { event, body = {} } = message as StopEvent;
                if (event === "stopped")
                  this.stops.push({ session, threadId: body.threadId ?? 0, reason: body.reason ?? "" });
              },
            }
          : undefined,
    }),
    vscode.debug.onDidTerminateDebugSession((session) => this.sessions.delete(session)),
  );

  dispose(): void {
    this.listening.dispose();
  }

  /** Ends our session, and waits until the debuggers below it are gone too. */
  async end(): Promise<void> {
    const ended = sessionEnd("cryoscope");
    await vscode.debug.stopDebugging();
    await ended;
    await until("the debuggers have gone", () =>
      Promise.resolve(this.sessions.size === 0 ? true : undefined),
    );
  }

  /** How many stops there were so far. */
  get count(): number {
    return this.stops.length;
  }

  /** The first stop of any kind after the first `after` stops. */
  async stop(after = 0): Promise<Stop> {
    return until("it stops", () => Promise.resolve(this.stops[after]));
  }

  /** The first stop at a breakpoint after the first `after` stops. */
  async breakpoint(after = 0): Promise<Stop> {
    return until("a breakpoint is hit", () =>
      Promise.resolve(this.stops.slice(after).find(({ reason }) => /breakpoint/.test(reason))),
    );
  }
}

interface StopEvent {
  readonly event?: string;
  readonly body?: { readonly threadId?: number; readonly reason?: string };
}

function hasCryoscopeAncestor(session: vscode.DebugSession): boolean {
  for (let parent = session.parentSession; parent; parent = parent.parentSession)
    if (parent.type === "cryoscope") return true;
  return false;
}

export interface TopFrame {
  readonly id: number;
  readonly line: number;
  readonly source?: { readonly path?: string; readonly sourceReference?: number };
}

export async function topFrame({ session, threadId }: Stop): Promise<TopFrame> {
  const answer: unknown = await session.customRequest("stackTrace", { threadId, levels: 1 });
  const [frame] = (answer as { readonly stackFrames: readonly TopFrame[] }).stackFrames;
  if (frame === undefined) throw new Error("no frame");
  return frame;
}

export async function valueOf(stop: Stop, expression: string, context = "watch"): Promise<string> {
  const { id: frameId } = await topFrame(stop);
  const answer: unknown = await stop.session.customRequest("evaluate", {
    ...{ expression, frameId, context },
  });
  return (answer as { readonly result: string }).result;
}

export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  timeout = 120_000,
): Promise<T> {
  const end = Date.now() + timeout;
  for (;;) {
    const got = await ask();
    if (got !== undefined) return got;
    if (Date.now() > end) throw new Error(`not within ${timeout / 1000} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The end of the next session of a type. */
export function sessionEnd(type: string): Promise<void> {
  return new Promise((resolve) => {
    const listening = vscode.debug.onDidTerminateDebugSession((session) => {
      if (session.type !== type) return;
      listening.dispose();
      resolve();
    });
  });
}
