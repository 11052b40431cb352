import type { ContainerState } from "./engine.ts";

/** What Docker and Podman call the states of a container. */
const STATES: Readonly<Record<string, ContainerState>> = {
  created: "created",
  configured: "created",
  initialized: "created",
  running: "running",
  paused: "paused",
  restarting: "restarting",
  stopping: "stopping",
  stopped: "exited",
  exited: "exited",
  removing: "removing",
  dead: "dead",
};

export function toState(word: string): ContainerState {
  return (Object.hasOwn(STATES, word) ? STATES[word] : undefined) ?? "unknown";
}
