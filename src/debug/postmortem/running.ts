import type { PostmortemConfiguration } from "./configuration.ts";
import type { FrozenTarget } from "./target.ts";
import type { VariableStore } from "./variable.ts";

/** What the requests of a session that has begun work with. */
export interface RunningSession {
  readonly configuration: PostmortemConfiguration;
  readonly target: FrozenTarget;
  readonly variables: VariableStore;
  /** Aborted when the session ends. */
  readonly signal: AbortSignal;
}
