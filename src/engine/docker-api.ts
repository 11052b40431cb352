// The checkpoint calls of dockerode 5, which its types leave out, and the error that docker-modem makes.
import type Dockerode from "dockerode";

interface Abortable {
  readonly abortSignal?: AbortSignal;
}

/** What `docker.getContainer(id)` can do besides what its types say. */
export interface CheckpointingContainer {
  /** Sent as `{CheckpointID, CheckpointDir, Exit}`. */
  createCheckpoint(
    options: Abortable & { readonly checkpointId: string; readonly exit: boolean },
  ): Promise<unknown>;
  /** `[{Name}]`; Docker 26 answers `null` for none, which dockerode hands back as a Buffer. */
  listCheckpoint(options: Abortable): Promise<unknown>;
  deleteCheckpoint(checkpoint: string, options: Abortable): Promise<unknown>;
  /** `_body: {}` sends none: dockerd refuses a start with a body, and dockerode makes one of the plain options. */
  start(
    options: Abortable & { readonly _query: { readonly checkpoint: string }; readonly _body: object },
  ): Promise<unknown>;
}

/** The cast stands here alone: the methods are there (dockerode/lib/container.js), only their types are missing. */
export function checkpointing(docker: Dockerode, container: string): CheckpointingContainer {
  return docker.getContainer(container) as unknown as CheckpointingContainer;
}
