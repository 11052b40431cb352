import {
  DebugSession,
  InitializedEvent,
  OutputEvent,
  Response,
  StoppedEvent,
  TerminatedEvent,
} from "@vscode/debugadapter";
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { FileTree } from "../../archive/index.ts";
import { toCryoscopeError } from "../../bytes/index.ts";
import type { Checkpoint } from "../../checkpoint/index.ts";
import { openMemory } from "../../memory/index.ts";
import { readConfiguration } from "./configuration.ts";
import type { PostmortemConfiguration } from "./configuration.ts";
import { postmortemErrors } from "./errors.ts";
import { crowdedText, damagedText, otherFiles } from "./other-files.ts";
import { REFUSED, REQUESTS } from "./requests/index.ts";
import type { RunningSession } from "./running.ts";
import { stopReason } from "./stop-reason.ts";
import { FrozenTarget } from "./target.ts";
import { VariableStore } from "./variable.ts";

/** What a configuration names, opened. */
export interface OpenedCheckpoint {
  readonly checkpoint: Checkpoint;
  /** Stays open until `close`. */
  readonly sysroot: FileTree | undefined;
  /** Gives back what was opened for this session alone. */
  close(): Promise<void>;
}

/** Opens the checkpoint and the sysroot that a configuration names. */
export type OpenForSession = (
  configuration: PostmortemConfiguration,
  signal: AbortSignal,
) => Promise<OpenedCheckpoint>;

interface Running extends RunningSession {
  close(): Promise<void>;
}

const CAPABILITIES: DebugProtocol.Capabilities = {
  supportsConfigurationDoneRequest: true,
  supportsEvaluateForHovers: true,
  supportsExceptionInfoRequest: true,
  supportsModulesRequest: true,
  supportsReadMemoryRequest: true,
  supportsDisassembleRequest: true,
  supportsDelayedStackTraceLoading: true,
  supportsTerminateRequest: true,
};

/**
 * A debug session on frozen processes (Debug Adapter Protocol): threads, stacks, registers and memory as the images
 * have them. Nothing runs, so nothing goes on; what would make it go on is refused.
 */
export class PostmortemSession extends DebugSession {
  readonly #open: OpenForSession;
  readonly #ending = new AbortController();
  #running: Running | undefined;

  constructor(open: OpenForSession) {
    super();
    this.#open = open;
  }

  override dispose(): void {
    void this.#end();
    super.dispose();
  }

  protected override initializeRequest(response: DebugProtocol.InitializeResponse): void {
    response.body = CAPABILITIES;
    this.sendResponse(response);
  }

  protected override launchRequest(
    response: DebugProtocol.LaunchResponse,
    args: DebugProtocol.LaunchRequestArguments,
  ): void {
    this.#answer(response, async () => {
      await this.#start(readConfiguration({ ...args }));
    });
  }

  protected override attachRequest(
    response: DebugProtocol.AttachResponse,
    args: DebugProtocol.AttachRequestArguments,
  ): void {
    this.#answer(response, async () => {
      await this.#start(readConfiguration({ ...args }));
    });
  }

  async #start(configuration: PostmortemConfiguration): Promise<void> {
    const opened = await this.#open(configuration, this.#ending.signal);
    const { checkpoint, sysroot } = opened;
    const memory = openMemory(checkpoint, { sysroot });
    const { pid } = configuration;
    const processes =
      pid === undefined ? checkpoint.processes : checkpoint.processes.filter((each) => each.pid === pid);
    const target = new FrozenTarget(checkpoint, memory, processes, sysroot, (damaged) => {
      if (!this.#ending.signal.aborted) this.#say(damagedText(damaged));
    });
    const close = async (): Promise<void> => {
      await target.close();
      await memory.close();
      await opened.close();
    };
    if (this.#ending.signal.aborted || processes.length === 0) {
      await close();
      throw postmortemErrors.noProcess(pid ?? 0);
    }
    const { signal } = this.#ending;
    this.#running = { configuration, target, variables: new VariableStore(), signal, close };
    this.sendEvent(new InitializedEvent());
    if (sysroot === undefined)
      this.#say(
        "Functions are named and stacks are sure where the program's files are here. Set “sysroot” to a root folder or container image that has them.",
      );
  }

  protected override configurationDoneRequest(response: DebugProtocol.ConfigurationDoneResponse): void {
    this.#answer(response, async () => {
      const { target } = this.#get();
      const threads = await target.threads();
      for (const pid of target.crowded) this.#say(crowdedText(pid));
      const reasons = await Promise.all(
        threads.slice(0, MAX_REASONS).map((each) => stopReason(target, each)),
      );
      const faulty = Math.max(
        0,
        reasons.findIndex(({ reason }) => reason === "exception"),
      );
      const thread = threads[faulty];
      const why = reasons[faulty];
      if (thread === undefined || why === undefined) return;
      const event: DebugProtocol.StoppedEvent = new StoppedEvent(why.reason, thread.id);
      event.body.description = why.description;
      event.body.allThreadsStopped = true;
      this.sendEvent(event);
      // Looking into the files takes a while, and the stacks need not wait for it.
      otherFiles(target, thread.process.pid).then(
        (others) => {
          if (others !== undefined && !this.#ending.signal.aborted) this.#say(others);
        },
        () => undefined,
      );
    });
  }

  protected override dispatchRequest(request: DebugProtocol.Request): void {
    const { command } = request;
    const handler = REQUESTS.get(command);
    if (handler === undefined && !REFUSED.has(command)) {
      super.dispatchRequest(request);
      return;
    }
    const response: DebugProtocol.Response = new Response(request);
    this.#answer(response, async () => {
      if (handler === undefined) throw postmortemErrors.frozen();
      // Editors ask for threads once more while a session ends.
      if (command === "threads" && this.#running === undefined) response.body = { threads: [] };
      // What the other side sent is of the type that the protocol gives it; values are looked at where they are used.
      else response.body = await handler(this.#get(), (request.arguments ?? {}) as never);
    });
  }

  /** It stands already; nothing has to be done. */
  protected override pauseRequest(response: DebugProtocol.PauseResponse): void {
    this.sendResponse(response);
  }

  protected override terminateRequest(response: DebugProtocol.TerminateResponse): void {
    this.#answer(response, async () => {
      await this.#end();
      this.sendEvent(new TerminatedEvent());
    });
  }

  protected override disconnectRequest(response: DebugProtocol.DisconnectResponse): void {
    this.#answer(response, () => this.#end());
  }

  #get(): Running {
    if (this.#running === undefined) throw postmortemErrors.ended();
    return this.#running;
  }

  async #end(): Promise<void> {
    this.#ending.abort();
    const running = this.#running;
    this.#running = undefined;
    await running?.close();
  }

  /** Answers when `work` is done, or says why it failed. */
  #answer(response: DebugProtocol.Response, work: () => Promise<void>): void {
    work().then(
      () => {
        this.sendResponse(response);
      },
      (error: unknown) => {
        this.#fail(response, error);
      },
    );
  }

  #fail(response: DebugProtocol.Response, error: unknown): void {
    const { sentence, next } = toCryoscopeError(error);
    // Braces would be taken for places to fill in.
    const format = (next === undefined ? sentence : `${sentence} ${next}`).replaceAll(/[{}]/g, "");
    this.sendErrorResponse(response, { id: 1, format, showUser: response.command !== "evaluate" });
  }

  #say(line: string): void {
    this.sendEvent(new OutputEvent(`${line}\n`, "console"));
  }
}

/** Threads that are looked at for a signal, to stop at the one that has it. */
const MAX_REASONS = 1024;
