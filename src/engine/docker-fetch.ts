import { refusal, refusalMessage, shortId } from "./answers.ts";
import { DOCKER_RULES } from "./docker-rules.ts";
import type { EngineWork } from "./engine.ts";
import { engineErrors } from "./errors.ts";
import { assertFree, writeWhole } from "./files.ts";
import { toUnreachable } from "./transport.ts";
import type { Transport } from "./transport.ts";

/** Marks the containers that are made to read files; lists leave them out. */
export const READER_LABEL = "cryoscope.reader";

export interface FetchSource {
  /** Folder on the engine's machine. */
  readonly folder: string;
  /** Any container image that is there: it is never started. */
  readonly image: string;
  readonly container: string;
  readonly checkpoint: string;
  readonly version: string;
}

/**
 * Streams a folder of the engine's machine into a new tar at `archive`, as `checkpoint/…`: through a container that has
 * the folder mounted read-only, is never started, and is removed again. So it needs no rights but those on the
 * engine's socket, and works from other machines.
 */
export async function fetchFolder(
  transport: Transport,
  source: FetchSource,
  archive: string,
  work: EngineWork,
): Promise<void> {
  await assertFree(archive);
  const { docker, endpoint } = transport;
  const reader = await docker.createContainer({
    Image: source.image,
    Entrypoint: ["/never-started"],
    Cmd: [],
    Labels: { [READER_LABEL]: "" },
    HostConfig: {
      NetworkMode: "none",
      // A mount, not a bind: Docker would make a missing folder for a bind.
      Mounts: [{ Type: "bind", Source: source.folder, Target: "/cryoscope/checkpoint", ReadOnly: true }],
    },
    ...(work.signal && { abortSignal: work.signal }),
  });
  try {
    const answer = await transport.send({
      method: "GET",
      path: `/containers/${reader.id}/archive`,
      query: { path: "/cryoscope/checkpoint" },
      signal: work.signal,
      timeout: Infinity,
    });
    if (answer.status !== 200) {
      const message = refusalMessage({ content: await transport.read(answer.body, work.signal) });
      const { container, checkpoint, version } = source;
      const context = { message, container: shortId(container), checkpoint, version, cause: undefined };
      throw answer.status === 404
        ? engineErrors.noSuchCheckpoint(checkpoint, context.container)
        : refusal(DOCKER_RULES, { status: answer.status, ...context });
    }
    await writeWhole(archive, answer.body, {
      signal: work.signal,
      onBytes: (bytes) => work.onProgress?.({ phase: "writing", bytes }),
      failed: (cause) => toUnreachable(endpoint, cause),
    });
  } finally {
    // Without the signal: it must go, also when the user has left.
    await reader.remove({ force: true }).catch(() => undefined);
  }
}
