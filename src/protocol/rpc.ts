/**
 * What a view and the host may say to each other. One such map per view; both sides derive their types from it.
 * Everything in it must survive `structuredClone`.
 */
export interface RpcMap {
  /** Asked by the view, answered by the host, always: with a result or with an error. */
  readonly requests: Readonly<Record<string, { readonly params: unknown; readonly result: unknown }>>;
  /** Told by the host, not answered. */
  readonly hostEvents: Readonly<Record<string, unknown>>;
  /** Told by the view, not answered. */
  readonly viewEvents: Readonly<Record<string, unknown>>;
}

export type Method<M extends RpcMap> = keyof M["requests"] & string;
export type Params<M extends RpcMap, K extends Method<M>> = M["requests"][K]["params"];
export type Result<M extends RpcMap, K extends Method<M>> = M["requests"][K]["result"];

/** One function per request. What it throws becomes the reply's error. */
export type Handlers<M extends RpcMap> = {
  readonly [K in Method<M>]: (params: Params<M, K>) => Promise<Result<M, K>>;
};

/** An error as it crosses to the view: what CryoscopeError holds, as data. */
export interface WireError {
  /** Stable: `criu.truncatedEntry`. */
  readonly code: string;
  /** One sentence for a person. */
  readonly sentence: string;
  /** What the person can do now. */
  readonly next?: string;
}

export interface RequestMessage {
  readonly kind: "request";
  readonly id: number;
  readonly method: string;
  readonly params: unknown;
}

export type ReplyMessage =
  | { readonly kind: "reply"; readonly id: number; readonly ok: unknown }
  | { readonly kind: "reply"; readonly id: number; readonly err: WireError };

export interface EventMessage {
  readonly kind: "event";
  readonly name: string;
  readonly data: unknown;
}

export type FromView = RequestMessage | EventMessage;
export type FromHost = ReplyMessage | EventMessage;
