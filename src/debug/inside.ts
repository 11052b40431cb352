import { randomUUID } from "node:crypto";
import type { Readable } from "node:stream";
import type { ContainerDetails, Engine, ExecOptions, Execution } from "../engine/index.ts";
import { liveErrors } from "./errors.ts";

/** Programs are run in the container by its engine. */
export type Execs = Pick<Engine, "exec" | "name">;

export interface InsideResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** In the environment of all that is run here, so that it can be told from the container's own processes. */
export const HELPER_MARK = `CRYOSCOPE_HELPER=${randomUUID()}`;

const MAX_OUTPUT = 1024 * 1024;
const TIMEOUT = 20_000;

/** Starts a program in the container. Throws `debug.noExec` when the engine can't, and what the engine throws. */
export async function startInside(
  engine: Execs,
  container: Pick<ContainerDetails, "id" | "name">,
  argv: readonly string[],
  options: ExecOptions = {},
): Promise<Execution> {
  if (engine.exec === undefined) throw liveErrors.noExec(engine.name);
  const environment = [...(options.environment ?? []), HELPER_MARK];
  return engine.exec(container.id, argv, { ...options, environment });
}

/** Runs a program in the container to its end and gives what it said, at most 1 MiB of each output. */
export async function runInside(
  engine: Execs,
  container: Pick<ContainerDetails, "id" | "name">,
  argv: readonly string[],
  { timeout = TIMEOUT, ...options }: ExecOptions & { readonly timeout?: number } = {},
): Promise<InsideResult> {
  const running = await startInside(engine, container, argv, options);
  running.stdin.end();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(liveErrors.slowInside(container.name, argv[0] ?? "", timeout));
    }, timeout);
  });
  try {
    const outputs = Promise.all([gather(running.stdout), gather(running.stderr)]);
    const [stdout, stderr] = await Promise.race([outputs, late]);
    return { status: await Promise.race([running.exit, late]), stdout, stderr };
  } finally {
    clearTimeout(timer);
  }
}

async function gather(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Without an encoding a stream gives Buffers.
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    if (size < MAX_OUTPUT) chunks.push(chunk);
    size += chunk.length;
  }
  return Buffer.concat(chunks).toString("utf8").slice(0, MAX_OUTPUT);
}
