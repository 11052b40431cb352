// One question to a cluster's API server.
import { setTimeout as sleep } from "node:timers/promises";
import { refusalMessage } from "./answers.ts";
import { engineErrors, reasonOf } from "./errors.ts";
import { parseJson } from "./json.ts";
import type { KubeCluster } from "./kube-client.ts";
import { kubeErrors } from "./kube-errors.ts";

const MAX_ANSWER = 64 * 1024 * 1024;

export interface KubeAnswer {
  readonly status: number;
  /** Parsed when it is JSON, else the text. */
  readonly content: unknown;
  /** By the clock of the machine that answered, to the second: milliseconds since 1970. Undefined where it didn't say. */
  readonly date: number | undefined;
}

/** Asks the API server. Throws `engine.unreachable`, `engine.timeout`, and the signal's reason. */
export async function ask(
  cluster: KubeCluster,
  method: "GET" | "POST" | "DELETE",
  path: string,
  signal: AbortSignal | undefined,
  timeout: number,
  body?: unknown,
): Promise<KubeAnswer> {
  const done = new AbortController();
  const either = signal === undefined ? done.signal : AbortSignal.any([signal, done.signal]);
  if (Number.isFinite(timeout))
    void sleep(timeout, undefined, { signal: either, ref: false }).then(
      () => {
        done.abort(engineErrors.timeout(cluster.server, timeout));
      },
      () => undefined,
    );
  try {
    const answer = await cluster.send({ method, path, body, signal: either });
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of answer) {
      // Without an encoding a message gives Buffers.
      chunks.push(chunk as Buffer);
      size += (chunk as Buffer).length;
      if (size > MAX_ANSWER) throw engineErrors.badAnswer(cluster.server, "it is longer than 64 MiB");
    }
    const said = Buffer.concat(chunks).toString("utf8");
    const date = Date.parse(answer.headers.date ?? "");
    return {
      status: answer.statusCode ?? 0,
      content: parseJson(said) ?? said,
      date: Number.isNaN(date) ? undefined : date,
    };
  } catch (error) {
    if (either.aborted) throw either.reason;
    if (error instanceof Error && error.name === "CryoscopeError") throw error;
    throw engineErrors.unreachable(cluster.server, reasonOf(error), error);
  } finally {
    done.abort();
  }
}

/** What a refusal of the API server means. */
export function refused(cluster: KubeCluster, status: number, content: unknown): Error {
  if (status === 401) return kubeErrors.notSignedIn(cluster.context);
  return engineErrors.refused(status, refusalMessage({ content }));
}
