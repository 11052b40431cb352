// A client of debug adapters that are programs or servers of their own, as the editor is one: by the wire.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createConnection } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Readable, Writable } from "node:stream";
import type { DebugProtocol } from "@vscode/debugprotocol";
import type { Attachment } from "../../src/debug/index.ts";

export interface WireClient {
  readonly events: readonly DebugProtocol.Event[];
  ask(command: string, args?: object): Promise<DebugProtocol.Response>;
  /** The body of a response that must be a success. */
  get<T extends DebugProtocol.Response>(command: string, args?: object): Promise<T["body"]>;
  /** The first event of that name after the first `after` events. */
  event(name: string, after?: number): Promise<DebugProtocol.Event>;
  /** Initializes, attaches, sets breakpoints and says that this is all, in the protocol's order. */
  attach(breakpoints?: { readonly path: string; readonly line: number }): Promise<void>;
  /** Leaves the process running. */
  disconnect(): Promise<void>;
}

export async function attachClient({ configuration, adapter }: Attachment): Promise<WireClient> {
  assert.ok(adapter, "no adapter of ours");
  if (adapter.kind === "server") {
    const socket = createConnection(adapter.port, adapter.host);
    await once(socket, "connect");
    return client(socket, socket, configuration, () => {
      socket.destroy();
      return Promise.resolve();
    });
  }
  const child = spawn(adapter.command, adapter.args, { stdio: ["pipe", "pipe", "inherit"] });
  return client(child.stdout, child.stdin, configuration, async () => {
    child.stdin.end();
    const ended = child.exitCode === null ? once(child, "exit") : Promise.resolve();
    await Promise.race([ended, sleep(PATIENCE_MILLISECONDS)]);
    child.kill();
    await ended;
  });
}

/** How long the editor waits for an adapter before it ends it: gdb can't leave what gdbserver can't interrupt. */
const PATIENCE_MILLISECONDS = 2000;
/** Long, since the machine may be busy. */
const ANSWER_MILLISECONDS = 90_000;

function client(
  output: Readable,
  input: Writable,
  configuration: Attachment["configuration"],
  close: () => Promise<void>,
): WireClient {
  const events: DebugProtocol.Event[] = [];
  const waiting = new Map<number, (response: DebugProtocol.Response) => void>();
  const watchers = new Set<() => void>();
  let seq = 0;
  let rest = Buffer.alloc(0);
  input.on("error", () => undefined);
  output.on("error", () => undefined);
  output.on("data", (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const head = rest.indexOf("\r\n\r\n");
      const length = Number(
        /Content-Length: (\d+)/i.exec(rest.toString("latin1", 0, Math.max(head, 0)))?.[1],
      );
      if (head < 0 || rest.length < head + 4 + length) return;
      const text = rest.toString("utf8", head + 4, head + 4 + length);
      if (process.env["DAP_TRACE"]) console.error(`<- ${text.slice(0, 600)}`);
      const message = JSON.parse(text) as DebugProtocol.ProtocolMessage;
      rest = rest.subarray(head + 4 + length);
      if (message.type === "event") {
        events.push(message as DebugProtocol.Event);
        for (const watcher of watchers) watcher();
      } else if (message.type === "response") {
        const response = message as DebugProtocol.Response;
        waiting.get(response.request_seq)?.(response);
        waiting.delete(response.request_seq);
      }
    }
  });
  const ask = (command: string, args: object = {}): Promise<DebugProtocol.Response> =>
    new Promise((resolve, reject) => {
      const text = JSON.stringify({ seq: ++seq, type: "request", command, arguments: args });
      if (process.env["DAP_TRACE"]) console.error(`-> ${text.slice(0, 600)}`);
      const timer = setTimeout(() => {
        reject(new Error(`no answer to ${command}; events: ${events.map(({ event }) => event).join(", ")}`));
      }, ANSWER_MILLISECONDS);
      waiting.set(seq, (response) => {
        clearTimeout(timer);
        resolve(response);
      });
      input.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
    });
  const get = async (command: string, args?: object): Promise<unknown> => {
    const response = await ask(command, args);
    assert.ok(response.success, `${command}: ${response.message ?? ""} ${JSON.stringify(response.body)}`);
    return response.body as unknown;
  };
  const event = (name: string, after = 0): Promise<DebugProtocol.Event> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no event ${name}`)), ANSWER_MILLISECONDS);
      const look = (): void => {
        const found = events.find((one, index) => index >= after && one.event === name);
        if (found === undefined) return;
        clearTimeout(timer);
        watchers.delete(look);
        resolve(found);
      };
      watchers.add(look);
      look();
    });
  return {
    events,
    ask,
    get: get as WireClient["get"],
    event,
    async attach(breakpoint) {
      await get("initialize", {
        ...{ clientID: "test", adapterID: "test", linesStartAt1: true, columnsStartAt1: true },
        pathFormat: "path",
      });
      const attached = get(configuration.request, configuration);
      await Promise.race([event("initialized"), attached.then(() => event("initialized"))]);
      if (breakpoint) {
        const source = { path: breakpoint.path };
        await get("setBreakpoints", { source, breakpoints: [{ line: breakpoint.line }] });
      }
      await get("configurationDone");
      await attached;
    },
    async disconnect() {
      const left = ask("disconnect", { terminateDebuggee: false }).catch(() => undefined);
      await Promise.race([left, sleep(PATIENCE_MILLISECONDS)]);
      await close();
    },
  };
}

/** The topmost call of a thread that has stopped. */
export async function topFrame(client: WireClient, threadId: number): Promise<DebugProtocol.StackFrame> {
  const { stackFrames } = await client.get<DebugProtocol.StackTraceResponse>("stackTrace", { threadId });
  assert.ok(stackFrames[0]);
  return stackFrames[0];
}

/** What an expression is in a call, as the debugger writes it. */
export async function value(client: WireClient, expression: string, frameId: number): Promise<string> {
  const args = { expression, frameId, context: "watch" };
  return (await client.get<DebugProtocol.EvaluateResponse>("evaluate", args)).result;
}
