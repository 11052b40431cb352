import type { CheckpointSwitch, CheckpointSwitches, ContainerDetails, Engine } from "../engine.ts";
import type { Machine } from "../program-driver.ts";
import type { FrozenToBe } from "./subject.ts";

/** What a check looks at. */
export interface CheckContext {
  readonly engine: Engine;
  readonly container: ContainerDetails;
  /** The container's processes, the first one first. Never empty. */
  readonly processes: readonly FrozenToBe[];
  readonly machine: Machine;
  /** What the freezing will be asked for. */
  readonly switches: CheckpointSwitches;
  /** Where the checkpoint will be written by this process; undefined when the engine keeps it. */
  readonly target: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/** What a check found out. Nothing: there is no obstacle. */
export interface Obstacle {
  /** `stops`: CRIU will refuse. `warns`: it may, or something is lost. `unchecked`: it couldn't be found out. */
  readonly outcome: "stops" | "warns" | "unchecked";
  readonly sentence: string;
  readonly next: string;
  /** The switch of the checkpoint that takes the obstacle away, where there is one. */
  readonly switch?: CheckpointSwitch;
  /** Processes concerned, as /proc here numbers them. */
  readonly processes?: readonly number[];
}

/** One row of the preflight. A new check is one of these in a file `…-checks.ts`. */
export interface Check {
  /** Stable; the same as the code in `criu-causes/` for the failure that it foresees. */
  readonly code: string;
  /** For people, two or three words. */
  readonly title: string;
  find(context: CheckContext): Promise<Obstacle | undefined> | Obstacle | undefined;
}

/** `php (12), sh (14) and 3 more`. */
export function naming(processes: readonly FrozenToBe[]): string {
  const names = processes.slice(0, 3).map(({ comm, pid }) => `${comm} (${pid})`);
  const more = processes.length - names.length;
  return names.join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** An obstacle of these processes; nothing when there is none. */
export function about(
  found: readonly FrozenToBe[],
  obstacle: (names: string) => Obstacle,
): Obstacle | undefined {
  return found.length === 0
    ? undefined
    : { ...obstacle(naming(found)), processes: found.map(({ pid }) => pid) };
}
