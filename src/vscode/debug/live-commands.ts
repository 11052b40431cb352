// The buttons of the debug toolbar for live sessions.
import * as vscode from "vscode";
import { command } from "../messages.ts";
import { debugErrors } from "./errors.ts";
import type { LiveSession } from "./live-session.ts";

/** `launch` or `attach` while a live session has the focus: one that was attached has no snapshot to go back to. */
const CONTEXT = "cryoscope.liveSession";

/** The live sessions of this window, by their debug session's id. */
export class LiveSessions {
  private readonly sessions = new Map<
    string,
    { readonly session: vscode.DebugSession; readonly live: LiveSession }
  >();

  add(session: vscode.DebugSession, live: LiveSession): void {
    this.sessions.set(session.id, { session, live });
    this.showButtons();
  }

  /** Ends all of them; for when the window closes. */
  async end(): Promise<void> {
    await Promise.all([...this.sessions.values()].map(({ live }) => live.end()));
  }

  register(): vscode.Disposable {
    return vscode.Disposable.from(
      vscode.debug.onDidTerminateDebugSession(({ id }) => {
        this.sessions.delete(id);
        this.showButtons();
      }),
      vscode.debug.onDidChangeActiveDebugSession(() => {
        this.showButtons();
      }),
      this.button("rewind", "Rewinding", (live) => live.rewind()),
      this.button("freezeHere", "Freezing", (live) => live.freezeHere()),
    );
  }

  private button(name: string, title: string, run: (live: LiveSession) => Promise<void>): vscode.Disposable {
    return command(`cryoscope.${name}`, async () => {
      const live = this.active()?.live;
      if (live === undefined) throw debugErrors.noLiveSession();
      await vscode.window.withProgress({ location: { viewId: "workbench.view.debug" }, title }, () =>
        run(live),
      );
      return true;
    });
  }

  private showButtons(): void {
    const request = this.active()?.session.configuration.request;
    void vscode.commands.executeCommand("setContext", CONTEXT, request);
  }

  /** The session that has the focus, or the one above it; while none has it, the only one there is. */
  private active() {
    const focused = vscode.debug.activeDebugSession;
    for (let one = focused; one; one = one.parentSession) {
      const found = this.sessions.get(one.id);
      if (found) return found;
    }
    const [only, ...others] = this.sessions.values();
    return focused === undefined && others.length === 0 ? only : undefined;
  }
}
