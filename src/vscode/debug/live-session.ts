import { DebugSession, InitializedEvent, OutputEvent, TerminatedEvent } from "@vscode/debugadapter";
import type { DebugProtocol } from "@vscode/debugprotocol";
import * as vscode from "vscode";
import { toCryoscopeError } from "../../bytes/index.ts";
import { InTurn } from "../in-turn.ts";
import { explainLiveError } from "./explain.ts";

/** What a live session does, apart from speaking DAP. Each may be called again; `release` comes last, once. */
export interface LiveSessionWork {
  /** Restores, or finds what runs, and gives the configuration to attach with. */
  start(signal: AbortSignal): Promise<vscode.DebugConfiguration>;
  /** The debugger that the configuration is of has attached. */
  attached(): Promise<void>;
  /** Holds the process where it is, until `freeze` is done, if that can be. The debugger is still attached. */
  hold(): Promise<void>;
  /** Gives back what was opened for the debugger, which has detached; the container stays. */
  leave(): Promise<void>;
  /** Freezes the container as it is now; nothing is attached. Gives what to attach with again. */
  freeze(signal: AbortSignal): Promise<vscode.DebugConfiguration>;
  /** Gives everything back: no container, mount, cgroup, port or file that the session made is left. */
  release(): Promise<void>;
}

/**
 * A `cryoscope` debug session on a restored container. It holds no threads itself: it restores the snapshot, starts
 * the session of the debugger that fits the runtime as its child, and ends with it.
 */
export class LiveSession extends DebugSession {
  private readonly work: LiveSessionWork;
  private readonly log: (line: string) => void;
  private readonly cancelled = new AbortController();
  private readonly children = new Set<vscode.DebugSession>();
  private readonly listening: vscode.Disposable;
  /** One thing after the other: a rewind must not meet the end of the session in the middle. */
  private readonly turn = new InTurn();
  /** The end of a child is meant, and not the end of the session. */
  private changing = false;
  private released: Promise<void> | undefined;

  constructor(
    private readonly session: vscode.DebugSession,
    makeWork: (log: (line: string) => void) => LiveSessionWork,
  ) {
    super();
    this.log = (line) => {
      this.sendEvent(new OutputEvent(`${line}\n`, "console"));
    };
    this.work = makeWork(this.log);
    this.listening = vscode.Disposable.from(
      vscode.debug.onDidStartDebugSession((other) => {
        if (other.parentSession?.id === session.id) this.children.add(other);
      }),
      vscode.debug.onDidTerminateDebugSession((other) => {
        if (this.children.delete(other) && !this.changing) this.sendEvent(new TerminatedEvent());
      }),
    );
  }

  override dispose(): void {
    void this.end();
    this.listening.dispose();
    super.dispose();
  }

  /** Throws the restored container away, restores the same snapshot and attaches again; breakpoints are the editor's. */
  rewind(): Promise<void> {
    return this.change((signal) => this.work.start(signal));
  }

  /** Detaches, freezes and attaches again; the process doesn't move between the first two. */
  freezeHere(): Promise<void> {
    return this.change(
      (signal) => this.work.freeze(signal),
      () => this.work.hold(),
    );
  }

  /** The end of it, however it comes: nothing that it made is left when this is over. */
  end(): Promise<void> {
    this.cancelled.abort();
    this.released ??= this.turn.do(async () => {
      await this.detach();
      await this.work.release();
    });
    return this.released;
  }

  protected override initializeRequest(response: DebugProtocol.InitializeResponse): void {
    response.body = { supportsConfigurationDoneRequest: true, supportsTerminateRequest: true };
    this.sendResponse(response);
    this.sendEvent(new InitializedEvent());
  }

  protected override launchRequest(response: DebugProtocol.LaunchResponse): void {
    void this.turn.do(() => this.startAndAnswer(response));
  }

  protected override attachRequest(response: DebugProtocol.AttachResponse): void {
    void this.turn.do(() => this.startAndAnswer(response));
  }

  protected override threadsRequest(response: DebugProtocol.ThreadsResponse): void {
    response.body = { threads: [] };
    this.sendResponse(response);
  }

  protected override terminateRequest(response: DebugProtocol.TerminateResponse): void {
    void this.end().then(() => {
      this.sendResponse(response);
      this.sendEvent(new TerminatedEvent());
    });
  }

  protected override disconnectRequest(response: DebugProtocol.DisconnectResponse): void {
    void this.end().then(() => {
      this.sendResponse(response);
    });
  }

  private async startAndAnswer(response: DebugProtocol.Response): Promise<void> {
    try {
      const child = await this.work.start(this.cancelled.signal);
      this.sendResponse(response);
      if (!(await this.startChild(child))) this.sendEvent(new TerminatedEvent());
    } catch (error) {
      if (error instanceof vscode.CancellationError || this.cancelled.signal.aborted) {
        this.sendResponse(response);
        this.sendEvent(new TerminatedEvent());
        return;
      }
      // Of the session's own message the user gets no button; `explainLiveError` shows one that has.
      const shown = explainLiveError(error, this.session.configuration);
      const { message, next } = toCryoscopeError(error);
      const format = next ? `${message} ${next}` : message;
      this.sendErrorResponse(response, { id: 1, format, showUser: !shown });
    }
  }

  /** Detaches the debugger, does something, and attaches with what that gives. Errors end the session, said aloud. */
  private change(
    work: (signal: AbortSignal) => Promise<vscode.DebugConfiguration>,
    before: () => Promise<void> = () => Promise.resolve(),
  ): Promise<void> {
    const { signal } = this.cancelled;
    return this.turn.do(async () => {
      signal.throwIfAborted();
      this.changing = true;
      try {
        await before();
        await this.detach();
        await this.work.leave();
        const child = await work(signal);
        if (!(await this.startChild(child))) throw new vscode.CancellationError();
      } catch (error) {
        this.sendEvent(new TerminatedEvent());
        throw error;
      } finally {
        this.changing = false;
      }
    });
  }

  private async startChild(configuration: vscode.DebugConfiguration): Promise<boolean> {
    this.cancelled.signal.throwIfAborted();
    const started = await vscode.debug.startDebugging(this.session.workspaceFolder, configuration, {
      parentSession: this.session,
      consoleMode: vscode.DebugConsoleMode.MergeWithParent,
      compact: true,
    });
    if (started) await this.work.attached();
    // Why, its extension has said: a program that is missing, a question that was answered with Cancel.
    else this.log(`The debugger “${configuration.type}” was not started, so the session ends.`);
    return started;
  }

  /** Ends the debuggers below, which leaves the process running (see spare-debuggee.ts), and waits until they are gone. */
  private async detach(): Promise<void> {
    const leaving = [...this.children];
    const gone = Promise.all(leaving.map((child) => ended(child)));
    await Promise.all(leaving.map((child) => vscode.debug.stopDebugging(child)));
    // One that doesn't answer keeps nobody: its line is cut when what was opened for it is closed.
    await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, DETACH_MILLISECONDS))]);
    for (const child of leaving) this.children.delete(child);
  }
}

const DETACH_MILLISECONDS = 5000;

function ended(session: vscode.DebugSession): Promise<void> {
  return new Promise((resolve) => {
    const listening = vscode.debug.onDidTerminateDebugSession((other) => {
      if (other.id !== session.id) return;
      listening.dispose();
      resolve();
    });
  });
}
