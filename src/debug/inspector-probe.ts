import { get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { liveErrors } from "./errors.ts";
import type { InspectorAddress } from "./live-plan.ts";

/** An inspector that answered. */
export interface Inspector extends InspectorAddress {
  readonly targets: readonly InspectorTarget[];
}

/** One entry of an inspector's `/json/list`. */
export interface InspectorTarget {
  readonly title: string;
  /** The script, as a file URL. Empty with `node -e`. */
  readonly url: string;
  /** With the address that was asked, whatever the inspector calls itself. */
  readonly webSocketUrl: string;
}

export interface WaitOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds in all; 10 s. */
  readonly timeout?: number;
  /** Milliseconds between two rounds; 100 ms. */
  readonly interval?: number;
}

const MAX_ANSWER = 1024 * 1024;
const PROBE_TIMEOUT = 1000;

/**
 * Asks the addresses in turn until one answers like Node's inspector. A restored process listens as soon as it runs,
 * but the engine may be quicker than its network. Throws `debug.noAnswer` when the time is over, and the signal's reason.
 */
export async function waitForInspector(
  addresses: readonly InspectorAddress[],
  { signal, timeout = 10_000, interval = 100 }: WaitOptions = {},
): Promise<Inspector> {
  const end = performance.now() + timeout;
  let last: unknown;
  do {
    for (const way of addresses) {
      signal?.throwIfAborted();
      try {
        const targets = parseTargets(await askTargets(way, signal), way);
        if (targets.length > 0) return { ...way, targets };
      } catch (error) {
        signal?.throwIfAborted();
        last = error;
      }
    }
    await sleep(interval, undefined, signal ? { signal } : {});
  } while (performance.now() < end);
  throw liveErrors.noAnswer(addresses.map(authority).join(", "), timeout, last);
}

/** Reads an answer of `/json/list`. What isn't a target of Node's is left out. */
export function parseTargets(answer: string, way: InspectorAddress): readonly InspectorTarget[] {
  const entries: unknown = parseList(answer);
  if (!Array.isArray(entries)) return [];
  return entries.slice(0, 100).flatMap((entry: unknown): readonly InspectorTarget[] => {
    const { title, url, webSocketDebuggerUrl } = fields(entry);
    const path = /^wss?:\/\/[^/]+(\/[\w./-]{1,200})$/.exec(String(webSocketDebuggerUrl))?.[1];
    if (path === undefined) return [];
    return [{ title: word(title), url: word(url), webSocketUrl: `ws://${authority(way)}${path}` }];
  });
}

function askTargets(way: InspectorAddress, signal: AbortSignal | undefined): Promise<string> {
  const late = AbortSignal.timeout(PROBE_TIMEOUT);
  return new Promise((resolve, reject) => {
    const request = get(
      `http://${authority(way)}/json/list`,
      { signal: signal === undefined ? late : AbortSignal.any([signal, late]), agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on("data", (chunk: Buffer) => {
          chunks.push(chunk);
          size += chunk.length;
          if (size > MAX_ANSWER) request.destroy();
        });
        response.on("error", reject);
        response.on("close", () => {
          // Also after `destroy`, when there is only a part; that doesn't parse.
          resolve(size > MAX_ANSWER || !response.complete ? "" : Buffer.concat(chunks).toString("utf8"));
        });
      },
    );
    request.on("error", reject);
  });
}

function authority({ address, port }: InspectorAddress): string {
  return `${address.includes(":") ? `[${address}]` : address}:${port}`;
}

function parseList(answer: string): unknown {
  try {
    return JSON.parse(answer) as unknown;
  } catch {
    return undefined;
  }
}

function fields(entry: unknown): Readonly<Record<string, unknown>> {
  return typeof entry === "object" && entry !== null ? { ...entry } : {};
}

function word(value: unknown): string {
  return typeof value === "string" ? value.slice(0, 4096) : "";
}
