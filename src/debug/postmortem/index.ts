// postmortem: a debug adapter over frozen processes, in which nothing runs.
export { PostmortemSession } from "./session.ts";
export type { OpenedCheckpoint, OpenForSession } from "./session.ts";
export type { PostmortemConfiguration } from "./configuration.ts";
export { postmortemErrors } from "./errors.ts";
