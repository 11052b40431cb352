import type {
  FromHost,
  FromView,
  Method,
  Params,
  Result,
  RpcMap,
  WireError,
} from "../../src/protocol/index.ts";

/** An error reply of the host, thrown to the caller of `ask`. */
export class HostError extends Error {
  override readonly name = "HostError";
  readonly code: string;
  readonly next: string | undefined;

  constructor({ code, sentence, next }: WireError) {
    super(sentence);
    this.code = code;
    this.next = next;
  }
}

/** What is done about each event of the host. */
export type Listeners<M extends RpcMap> = {
  readonly [K in keyof M["hostEvents"]]: (data: M["hostEvents"][K]) => void;
};

/** The view's end of the wire. */
export interface Host<M extends RpcMap> {
  /** Throws HostError. */
  ask<K extends Method<M>>(method: K, params: Params<M, K>): Promise<Result<M, K>>;
  tell<K extends keyof M["viewEvents"] & string>(name: K, data: M["viewEvents"][K]): void;
}

/** Talks to the host over `post` and the messages that `receive` is given a listener for. */
export function connectHost<M extends RpcMap>(
  post: (message: FromView) => void,
  receive: (listener: (message: FromHost) => void) => void,
  listeners: Listeners<M>,
): Host<M> {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: HostError): void }>();
  const events = new Map(Object.entries(listeners) as [string, (data: unknown) => void][]);
  let lastId = 0;

  receive((message) => {
    if (message.kind === "event") {
      events.get(message.name)?.(message.data);
      return;
    }
    const call = waiting.get(message.id);
    waiting.delete(message.id);
    if ("err" in message) call?.reject(new HostError(message.err));
    else call?.resolve(message.ok);
  });

  return {
    ask: <K extends Method<M>>(method: K, params: Params<M, K>) => {
      const id = ++lastId;
      const answer = new Promise<unknown>((resolve, reject) => waiting.set(id, { resolve, reject }));
      post({ kind: "request", id, method, params });
      // The host answers by the same map.
      return answer as Promise<Result<M, K>>;
    },
    tell: (name, data) => {
      post({ kind: "event", name, data });
    },
  };
}
