// A client of a debug adapter in the same process: sends requests, keeps the events.
import assert from "node:assert/strict";
import type { DebugSession } from "@vscode/debugadapter";
import type { DebugProtocol } from "@vscode/debugprotocol";

export interface DapClient {
  readonly events: readonly DebugProtocol.Event[];
  /** The response, whatever it says. */
  ask(command: string, args?: object): Promise<DebugProtocol.Response>;
  /** The body of a response that must be a success. */
  get<T extends DebugProtocol.Response>(command: string, args?: object): Promise<T["body"]>;
  /** The event of that name, once it is there. */
  event(name: string): Promise<DebugProtocol.Event>;
}

export function dapClient(session: DebugSession): DapClient {
  const events: DebugProtocol.Event[] = [];
  const waiting = new Map<number, (response: DebugProtocol.Response) => void>();
  const watchers = new Set<() => void>();
  let seq = 0;
  session.setRunAsServer(true);
  session.onDidSendMessage((message) => {
    // The adapter sends responses and events only, as @vscode/debugadapter types them.
    const sent = message as DebugProtocol.Response | DebugProtocol.Event;
    if (sent.type === "event") {
      events.push(sent as DebugProtocol.Event);
      for (const watcher of watchers) watcher();
    } else {
      const response = sent as DebugProtocol.Response;
      waiting.get(response.request_seq)?.(response);
      waiting.delete(response.request_seq);
    }
  });
  const ask = (command: string, args: object = {}): Promise<DebugProtocol.Response> =>
    new Promise((resolve) => {
      const request: DebugProtocol.Request = { seq: ++seq, type: "request", command, arguments: args };
      waiting.set(request.seq, resolve);
      session.handleMessage(request);
    });
  return {
    events,
    ask,
    async get(command, args) {
      const response = await ask(command, args);
      assert.ok(response.success, `${command}: ${JSON.stringify(response.body)}`);
      return response.body as unknown;
    },
    event: (name) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = events.find(({ event }) => event === name);
          if (found === undefined) return;
          watchers.delete(look);
          resolve(found);
        };
        watchers.add(look);
        look();
      }),
  };
}
