// The buttons of the debug toolbar for live sessions.
import * as vscode from "vscode";
import { command } from "../messages.ts";
import { debugErrors } from "./errors.ts";
import type { LiveSession } from "./live-session.ts";

const CONTEXT = "cryoscope.liveSession";

/** The live sessions of this window, by their debug session's id. */
export class LiveSessions {
  private readonly sessions = new Map<
    string,
    { readonly session: vscode.DebugSession; readonly live: LiveSession }
  >();

  add(session: vscode.DebugSession, live: LiveSession): void {
    this.sessions.set(session.id, { session, live });
    void vscode.commands.executeCommand("setContext", CONTEXT, true);
  }

  /** Ends all of them; for when the window closes. */
  async end(): Promise<void> {
    await Promise.all([...this.sessions.values()].map(({ live }) => live.end()));
  }

  register(): vscode.Disposable {
    return vscode.Disposable.from(
      vscode.debug.onDidTerminateDebugSession(({ id }) => {
        this.sessions.delete(id);
        if (this.sessions.size === 0) void vscode.commands.executeCommand("setContext", CONTEXT, false);
      }),
      this.button("rewind", "Rewinding", (live) => live.rewind()),
      this.button("freezeHere", "Freezing", (live) => live.freezeHere()),
    );
  }

  private button(name: string, title: string, run: (live: LiveSession) => Promise<void>): vscode.Disposable {
    return command(`cryoscope.${name}`, async () => {
      const live = this.active();
      if (live === undefined) throw debugErrors.noLiveSession();
      await vscode.window.withProgress({ location: { viewId: "workbench.view.debug" }, title }, () =>
        run(live),
      );
      return true;
    });
  }

  /** Of the session that has the focus, or the one above it; else the only one there is. */
  private active(): LiveSession | undefined {
    for (let one = vscode.debug.activeDebugSession; one; one = one.parentSession) {
      const found = this.sessions.get(one.id);
      if (found) return found.live;
    }
    return this.sessions.size === 1 ? [...this.sessions.values()][0]?.live : undefined;
  }
}
