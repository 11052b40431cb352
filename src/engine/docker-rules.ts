import type { Advice } from "./engine.ts";
import type { RefusalRule } from "./answers.ts";
import { brief, engineErrors } from "./errors.ts";

export const EXPERIMENTAL_OFF: Advice = {
  code: "docker.experimental",
  sentence: "This Docker has its experimental features off, and checkpoints are one of them.",
  next: 'Set "experimental": true in /etc/docker/daemon.json (Docker Desktop: Settings, Docker Engine) and restart Docker.',
};

export const WINDOWS: Advice = {
  code: "docker.windows",
  sentence: "Windows containers can't be frozen.",
  next: "Switch Docker to Linux containers.",
};

/** dockerd's refusals, as versions 26 and 28 word them. The more particular first. */
export const DOCKER_RULES: readonly RefusalRule[] = [
  {
    message: /content sha256:[0-9a-f]+: already exists/,
    error: ({ cause }) => engineErrors.contentExists(cause),
  },
  {
    message: /bind-mount \/proc\/\d+\/ns\/net -> .*no such file or directory/,
    error: ({ version, cause }) => engineErrors.networkRestore(version, "none or bridge", cause),
  },
  {
    message: /experimental/i,
    error: () => engineErrors.cannot(EXPERIMENTAL_OFF),
  },
  {
    message: /checkpoint with name .* already exists/,
    error: ({ checkpoint, container, cause }) => engineErrors.checkpointExists(checkpoint, container, cause),
  },
  {
    message: /checkpoint .* (does not exist|not found)|bind source path does not exist/i,
    error: ({ checkpoint, container, cause }) => engineErrors.noSuchCheckpoint(checkpoint, container, cause),
  },
  {
    message: /invalid checkpoint id/i,
    error: ({ checkpoint }) => engineErrors.badName(checkpoint),
  },
  {
    message: /is not running/,
    error: ({ container, cause }) => engineErrors.notRunning(container, cause),
  },
  {
    message: /no such container/i,
    error: ({ container, cause }) => engineErrors.noSuchContainer(container, cause),
  },
  {
    message:
      /criu.*(executable file not found|not installed)|checkpoint\/restore requires|version check failed/i,
    error: ({ cause }) => engineErrors.noCriu(cause),
  },
  { status: 304, error: ({ container, cause }) => engineErrors.unchanged(container, cause) },
  { status: 404, error: ({ container, cause }) => engineErrors.noSuchContainer(container, cause) },
];

/** What is known not to come back with this version, said before anyone freezes. */
export function networkWarnings(version: string, networkMode: string): readonly Advice[] {
  const major = Number(/^(\d+)\./.exec(version)?.[1] ?? 0);
  // containerd#12141, seen with 28.5.2; 26.1.5 restores all network modes.
  if (major < 28 || networkMode === "host") return [];
  return [
    {
      code: "docker.networkRestore",
      sentence: `Docker ${version} freezes a container with network ${networkMode}, but can't restore it.`,
      next: "Run the container with network host if you want to wake it again.",
    },
  ];
}

/** Where the checkpoint's files are when they can't be read from here. */
export function rootOnly(folder: string, host: string): Advice {
  const where = host === "127.0.0.1" ? "" : ` on ${brief(host)}`;
  return {
    code: "docker.rootOnly",
    sentence: `Docker keeps the checkpoint in ${folder}${where}, where you may not read.`,
    next: "Open a copy: fetched through Docker, or made by hand (sudo cp -r, then chown).",
  };
}
