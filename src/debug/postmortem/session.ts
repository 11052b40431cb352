import {
  DebugSession,
  InitializedEvent,
  OutputEvent,
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
import { evaluate } from "./evaluate.ts";
import { frameText } from "./frame-text.ts";
import { hex, parseReference, readPlace } from "./memory-reference.ts";
import { listModules, moduleRange } from "./module-list.ts";
import { SCOPES } from "./scopes/index.ts";
import { stackFrame } from "./stack-frame.ts";
import { stopReason } from "./stop-reason.ts";
import { FrozenTarget } from "./target.ts";
import type { FrozenThread } from "./target.ts";
import { VariableStore, shown } from "./variable.ts";
import type { Variable } from "./variable.ts";

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

interface Running {
  readonly configuration: PostmortemConfiguration;
  readonly target: FrozenTarget;
  close(): Promise<void>;
}

const CAPABILITIES: DebugProtocol.Capabilities = {
  supportsConfigurationDoneRequest: true,
  supportsEvaluateForHovers: true,
  supportsExceptionInfoRequest: true,
  supportsModulesRequest: true,
  supportsReadMemoryRequest: true,
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
  readonly #variables = new VariableStore();
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
    const target = new FrozenTarget(checkpoint, memory, processes, sysroot);
    const close = async (): Promise<void> => {
      await target.close();
      await memory.close();
      await opened.close();
    };
    if (this.#ending.signal.aborted || processes.length === 0) {
      await close();
      throw postmortemErrors.noProcess(pid ?? 0);
    }
    this.#running = { configuration, target, close };
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
    });
  }

  protected override threadsRequest(response: DebugProtocol.ThreadsResponse): void {
    this.#answer(response, async () => {
      // Editors ask once more while a session ends.
      const target = this.#running?.target;
      const several = (target?.processes.length ?? 0) > 1;
      const threads = ((await target?.threads()) ?? []).map((each) => ({
        id: each.id,
        name: threadName(each, several),
      }));
      response.body = { threads };
    });
  }

  protected override stackTraceRequest(
    response: DebugProtocol.StackTraceResponse,
    { threadId, startFrame = 0, levels = 0 }: DebugProtocol.StackTraceArguments,
  ): void {
    this.#answer(response, async () => {
      const { target, configuration } = this.#get();
      const frames = await target.frames(await target.thread(threadId));
      const asked = frames.slice(startFrame, levels > 0 ? startFrame + levels : undefined);
      response.body = {
        totalFrames: frames.length,
        stackFrames: await Promise.all(asked.map((each) => stackFrame(each, configuration))),
      };
    });
  }

  protected override sourceRequest(
    response: DebugProtocol.SourceResponse,
    { source, sourceReference }: DebugProtocol.SourceArguments,
  ): void {
    this.#answer(response, async () => {
      const { target } = this.#get();
      const frame = await target.frame(source?.sourceReference ?? sourceReference);
      response.body = { content: await frameText(target, frame), mimeType: "text/plain" };
    });
  }

  protected override scopesRequest(
    response: DebugProtocol.ScopesResponse,
    { frameId }: DebugProtocol.ScopesArguments,
  ): void {
    this.#answer(response, async () => {
      const { target } = this.#get();
      const frame = await target.frame(frameId);
      response.body = {
        scopes: SCOPES.map(({ name, expensive, isRegisters, rows }) => ({
          name,
          expensive,
          ...(isRegisters === true && { presentationHint: "registers" }),
          variablesReference: this.#variables.add({ read: async () => rows(target, frame) }),
        })),
      };
    });
  }

  protected override variablesRequest(
    response: DebugProtocol.VariablesResponse,
    { variablesReference, start, count, filter }: DebugProtocol.VariablesArguments,
  ): void {
    this.#answer(response, async () => {
      this.#get();
      const rows = filter === "indexed" ? [] : await this.#variables.read(variablesReference, start, count);
      response.body = { variables: rows.map((row) => this.#variable(row)) };
    });
  }

  #variable({ name, value, type, memory, expression, children }: Variable): DebugProtocol.Variable {
    return {
      ...{ name, value },
      ...(type !== undefined && { type }),
      ...(memory !== undefined && { memoryReference: memory }),
      ...(expression !== undefined && { evaluateName: expression }),
      variablesReference: children ? this.#variables.add(children) : 0,
    };
  }

  protected override evaluateRequest(
    response: DebugProtocol.EvaluateResponse,
    { expression, frameId }: DebugProtocol.EvaluateArguments,
  ): void {
    this.#answer(response, async () => {
      const { target } = this.#get();
      const frame = frameId === undefined ? undefined : await target.frame(frameId);
      const { result, type, memory } = await evaluate({ target, frame }, expression);
      response.body = { result, type, memoryReference: memory, variablesReference: 0 };
    });
  }

  protected override readMemoryRequest(
    response: DebugProtocol.ReadMemoryResponse,
    { memoryReference, offset = 0, count }: DebugProtocol.ReadMemoryArguments,
  ): void {
    this.#answer(response, async () => {
      const { target } = this.#get();
      const { pid, address } = parseReference(memoryReference, target.firstPid);
      const at = address + BigInt(Math.trunc(offset));
      const { bytes, unreadable } = await readPlace(await target.space(pid), at, count);
      response.body = {
        address: hex(at < 0n ? 0n : at),
        ...(bytes.length > 0 && { data: Buffer.from(bytes).toString("base64") }),
        ...(unreadable > 0 && { unreadableBytes: unreadable }),
      };
    });
  }

  /** Requests that the base class knows no method for. */
  protected override customRequest(command: string, response: DebugProtocol.Response, args: unknown): void {
    if (command === "modules") this.#modules(response, args);
    else super.customRequest(command, response, args);
  }

  #modules(response: DebugProtocol.Response, args: unknown): void {
    const { startModule, moduleCount } = moduleRange(args);
    this.#answer(response, async () => {
      const modules = await listModules(this.#get().target);
      response.body = {
        modules: modules.slice(startModule, moduleCount > 0 ? startModule + moduleCount : undefined),
        totalModules: modules.length,
      };
    });
  }

  protected override exceptionInfoRequest(
    response: DebugProtocol.ExceptionInfoResponse,
    { threadId }: DebugProtocol.ExceptionInfoArguments,
  ): void {
    this.#answer(response, async () => {
      const { target } = this.#get();
      const { description, signal } = await stopReason(target, await target.thread(threadId));
      response.body = {
        exceptionId: signal?.name ?? "frozen",
        description,
        breakMode: "always",
        ...(signal && {
          details: {
            typeName: signal.name,
            message: Object.entries(signal.info)
              .map(([name, value]) => `${name} ${value}`)
              .join(", "),
          },
        }),
      };
    });
  }

  protected override setBreakPointsRequest(
    response: DebugProtocol.SetBreakpointsResponse,
    { breakpoints = [] }: DebugProtocol.SetBreakpointsArguments,
  ): void {
    const { sentence } = postmortemErrors.frozen();
    response.body = { breakpoints: breakpoints.map(() => ({ verified: false, message: sentence })) };
    this.sendResponse(response);
  }

  protected override continueRequest(response: DebugProtocol.ContinueResponse): void {
    this.#refuse(response);
  }

  protected override nextRequest(response: DebugProtocol.NextResponse): void {
    this.#refuse(response);
  }

  protected override stepInRequest(response: DebugProtocol.StepInResponse): void {
    this.#refuse(response);
  }

  protected override stepOutRequest(response: DebugProtocol.StepOutResponse): void {
    this.#refuse(response);
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

  #refuse(response: DebugProtocol.Response): void {
    this.#fail(response, postmortemErrors.frozen());
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

function threadName({ process, thread }: FrozenThread, several: boolean): string {
  const place = several ? ` of ${process.pid}` : "";
  const state = thread.state === "running" ? "" : ` (${thread.state})`;
  return shown(`${thread.tid}${place} ${thread.comm}${state}`);
}
