import type { Advice } from "./engine.ts";
import type { RefusalRule } from "./answers.ts";
import { brief, engineErrors } from "./errors.ts";

export const NEEDS_ROOT: Advice = {
  code: "podman.rootless",
  sentence: "This Podman runs without root, and CRIU needs root to freeze and restore.",
  next: "Use the system's Podman: sudo systemctl start podman.socket, address unix:///run/podman/podman.sock.",
};

/** libpod's refusals, as Podman 5 words them. The more particular first. */
export const PODMAN_RULES: readonly RefusalRule[] = [
  {
    message: /archive\/tar|unpacking of checkpoint archive|is not a checkpoint|(config|spec)\.dump/i,
    error: ({ checkpoint, cause }) => engineErrors.notACheckpoint(checkpoint, cause),
  },
  { status: 404, error: ({ container, cause }) => engineErrors.noSuchContainer(container, cause) },
  {
    message: /no such container/i,
    error: ({ container, cause }) => engineErrors.noSuchContainer(container, cause),
  },
  {
    message: /is not running, cannot checkpoint|cannot checkpoint .*not running/i,
    error: ({ container, cause }) => engineErrors.notRunning(container, cause),
  },
  {
    message: /is running or paused, cannot restore/,
    error: ({ container, cause }) => engineErrors.stillRunning(container, cause),
  },
  {
    message: /(name|ID) .*is (already )?in use/i,
    error: ({ container, cause }) => engineErrors.nameInUse(container, cause),
  },
  {
    message: /checkpoint\/restore requires at least CRIU|criu.*(executable file not found|not installed)/i,
    error: ({ cause }) => engineErrors.noCriu(cause),
  },
  {
    message: /checkpoint for this container cannot be found|no such image/i,
    error: ({ checkpoint, container, cause }) => engineErrors.noSuchCheckpoint(checkpoint, container, cause),
  },
];

/** The words of a failure in runc or crun, so in CRIU; the whole command line stands before them. */
export const RUNTIME_FAILED = /\b(runc|crun)\b.* (checkpoint|restore) .*failed|criu failed/s;

export function archiveGone(file: string): Advice {
  return {
    code: "engine.archiveGone",
    sentence: `The archive ${brief(file)} is gone or may not be read.`,
    next: "Put it back, or remove the snapshot from the catalog.",
  };
}

export function insideStorage(path: string): Advice {
  return {
    code: "podman.insideStorage",
    sentence: `The checkpoint lies in Podman's own storage${path === "" ? "" : ` (${brief(path)})`}, which you may not read.`,
    next: "Freeze into an archive to be able to open it.",
  };
}
