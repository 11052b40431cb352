import { DebugSession, InitializedEvent, OutputEvent, TerminatedEvent } from "@vscode/debugadapter";
import type { DebugProtocol } from "@vscode/debugprotocol";
import * as vscode from "vscode";
import { toCryoscopeError } from "../../bytes/index.ts";

/** What a live session does, apart from speaking DAP: `start` restores and gives the configuration to attach with. */
export interface LiveSessionWork {
  /** Restores and finds the debugger's address. `log` writes a line to the debug console. */
  start(log: (line: string) => void, signal: AbortSignal): Promise<vscode.DebugConfiguration>;
}

/**
 * A `cryoscope` debug session on a restored container. It holds no threads itself: it restores the snapshot, starts
 * the session of the debugger that fits the runtime as its child, and ends with it.
 */
export class LiveSession extends DebugSession {
  private readonly cancelled = new AbortController();
  private readonly children = new Set<vscode.DebugSession>();
  private readonly listening: vscode.Disposable;

  constructor(
    private readonly session: vscode.DebugSession,
    private readonly work: LiveSessionWork,
  ) {
    super();
    this.listening = vscode.Disposable.from(
      vscode.debug.onDidStartDebugSession((other) => {
        if (other.parentSession?.id === session.id) this.children.add(other);
      }),
      vscode.debug.onDidTerminateDebugSession((other) => {
        if (this.children.delete(other)) this.sendEvent(new TerminatedEvent());
      }),
    );
  }

  override dispose(): void {
    this.listening.dispose();
    super.dispose();
  }

  protected override initializeRequest(response: DebugProtocol.InitializeResponse): void {
    response.body = { supportsConfigurationDoneRequest: true, supportsTerminateRequest: true };
    this.sendResponse(response);
    this.sendEvent(new InitializedEvent());
  }

  protected override launchRequest(response: DebugProtocol.LaunchResponse): void {
    void this.wakeAndAttach(response);
  }

  protected override threadsRequest(response: DebugProtocol.ThreadsResponse): void {
    response.body = { threads: [] };
    this.sendResponse(response);
  }

  protected override terminateRequest(response: DebugProtocol.TerminateResponse): void {
    void this.letGo().then(() => {
      this.sendResponse(response);
      this.sendEvent(new TerminatedEvent());
    });
  }

  protected override disconnectRequest(response: DebugProtocol.DisconnectResponse): void {
    void this.letGo().then(() => {
      this.sendResponse(response);
    });
  }

  /** Ends the debuggers below, which leaves the process running (see spare-debuggee.ts), or the attempt to get there. */
  private async letGo(): Promise<void> {
    this.cancelled.abort();
    await Promise.all([...this.children].map((child) => vscode.debug.stopDebugging(child)));
  }

  private async wakeAndAttach(response: DebugProtocol.LaunchResponse): Promise<void> {
    try {
      const child = await this.work.start((line) => {
        this.sendEvent(new OutputEvent(`${line}\n`, "console"));
      }, this.cancelled.signal);
      this.sendResponse(response);
      const started = await vscode.debug.startDebugging(this.session.workspaceFolder, child, {
        parentSession: this.session,
        consoleMode: vscode.DebugConsoleMode.MergeWithParent,
        compact: true,
      });
      if (!started) this.sendEvent(new TerminatedEvent());
    } catch (error) {
      if (error instanceof vscode.CancellationError) {
        this.sendResponse(response);
        this.sendEvent(new TerminatedEvent());
        return;
      }
      const { message, next } = toCryoscopeError(error);
      this.sendErrorResponse(response, {
        id: 1,
        format: next ? `${message} ${next}` : message,
        showUser: true,
      });
    }
  }
}
