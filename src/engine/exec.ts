// A program run in a container beside what runs there, by the exec calls that Docker has and Podman understands.
import { PassThrough } from "node:stream";
import type { Duplex, Readable, Writable } from "node:stream";
import type { EngineWork } from "./engine.ts";
import { engineErrors } from "./errors.ts";
import { at, text, whole } from "./json.ts";
import { toUnreachable } from "./transport.ts";
import type { Transport } from "./transport.ts";

export interface ExecOptions extends Pick<EngineWork, "signal"> {
  /** With all capabilities, as a debugger needs them that looks at another user's process. */
  readonly privileged?: boolean;
  /** `NAME=value` lines on top of the container's own. */
  readonly environment?: readonly string[];
}

/** A program that runs in a container. Its outputs must be read. */
export interface Execution {
  /** Ending it is how the program learns that nobody listens any more: an engine can't end an exec. */
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Its exit status, once both outputs have ended. */
  readonly exit: Promise<number>;
}

/** Starts `argv` in a container that runs. Throws `engine.noSuchContainer`, `engine.cannotExec` with the engine's words. */
export async function execIn(
  { docker, endpoint }: Transport,
  container: string,
  argv: readonly string[],
  { privileged = false, environment = [], signal }: ExecOptions,
): Promise<Execution> {
  signal?.throwIfAborted();
  const failed = (error: unknown): Error => {
    const status = whole(at(error, "statusCode"));
    if (status === undefined) return toUnreachable(endpoint, error);
    const message = text(at(error, "json", "message")) || text(at(error, "json", "cause"));
    return status === 404 && /container/i.test(message)
      ? engineErrors.noSuchContainer(container)
      : engineErrors.cannotExec(argv[0] ?? "", message);
  };
  try {
    const made = await docker.getContainer(container).exec({
      Cmd: [...argv],
      Env: [...environment],
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
      Tty: false,
      Privileged: privileged,
    });
    const stream = await made.start({ hijack: true, stdin: true, Tty: false });
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    docker.modem.demuxStream(stream, stdout, stderr);
    const exit = ended(stream).then(async () => {
      stdout.end();
      stderr.end();
      return whole(at(await made.inspect(), "ExitCode")) ?? -1;
    });
    // Nobody need wait for the end of a relay.
    exit.catch(() => undefined);
    const stdin = new PassThrough();
    stdin.pipe(stream);
    stdin.on("close", () => stream.end());
    stream.on("error", () => stdin.destroy());
    signal?.addEventListener("abort", () => stdin.end(), { once: true });
    return { stdin, stdout, stderr, exit };
  } catch (error) {
    throw failed(error);
  }
}

function ended(stream: Duplex): Promise<void> {
  return new Promise((resolve) => {
    // An exec whose connection breaks has ended as far as anyone can tell.
    for (const event of ["end", "close", "error"]) stream.once(event, () => resolve());
  });
}
