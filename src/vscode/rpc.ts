import type { Disposable, Webview } from "vscode";
import { toCryoscopeError } from "../bytes/index.ts";
import type {
  EventMessage,
  FromHost,
  FromView,
  Handlers,
  ReplyMessage,
  RequestMessage,
  RpcMap,
  WireError,
} from "../protocol/index.ts";

/** Sends events to one view. */
export interface ViewPort<M extends RpcMap> extends Disposable {
  tell<K extends keyof M["hostEvents"] & string>(name: K, data: M["hostEvents"][K]): void;
}

type Listeners<M extends RpcMap> = {
  readonly [K in keyof M["viewEvents"]]: (data: M["viewEvents"][K]) => void;
};

/**
 * Answers a view's requests with `handlers` and passes its events to `listeners`. Every request is answered: what a
 * handler throws, and a method nobody handles, become an error reply.
 */
export function serveView<M extends RpcMap>(
  webview: Pick<Webview, "postMessage" | "onDidReceiveMessage">,
  handlers: Handlers<M>,
  listeners: Listeners<M>,
): ViewPort<M> {
  const post = (message: FromHost): void => {
    // Rejects only when the view is gone, and then nobody waits for the message.
    void Promise.resolve(webview.postMessage(message)).catch(() => undefined);
  };
  // The compiler can't tie a method's name to its handler's parameter; the view's side of the same map does.
  const table = new Map(Object.entries(handlers) as [string, (params: unknown) => Promise<unknown>][]);
  const events = new Map(Object.entries(listeners) as [string, (data: unknown) => void][]);

  const listening = webview.onDidReceiveMessage((message: FromView) => {
    if (message.kind === "event") events.get(message.name)?.(message.data);
    else void reply(message).then(post);
  });

  async function reply({ id, method, params }: RequestMessage): Promise<ReplyMessage> {
    const handler = table.get(method);
    if (!handler)
      return { kind: "reply", id, err: { code: "rpc.unknownMethod", sentence: `No handler for ${method}.` } };
    try {
      return { kind: "reply", id, ok: await handler(params) };
    } catch (error) {
      return { kind: "reply", id, err: wireError(error) };
    }
  }

  return {
    tell: (name, data) => {
      post({ kind: "event", name, data } satisfies EventMessage);
    },
    dispose: () => {
      listening.dispose();
    },
  };
}

/** A thrown value as data: code, sentence with its place, what to do next. */
function wireError(error: unknown): WireError {
  const { code, message, next } = toCryoscopeError(error);
  return { code, sentence: message, ...(next !== undefined && { next }) };
}
