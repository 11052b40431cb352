import type { IncomingHttpHeaders } from "node:http";
import type { Engine } from "./engine.ts";
import type { Transport } from "./transport.ts";

/** What an address answered when it was asked for a sign of life (`GET /_ping`). */
export interface Ping {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

/** One kind of engine: tells whether an address is its own, and speaks to it. */
export interface EngineDriver {
  readonly kind: string;
  recognises(ping: Ping): boolean;
  /** Asks for version and abilities. Throws `engine.*`. */
  connect(transport: Transport, ping: Ping, signal?: AbortSignal): Promise<Engine>;
}
