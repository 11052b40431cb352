import type { ContainerDetails, Engine, EngineProgress, RestoreOptions, Snapshot } from "../engine/index.ts";
import { waitForInspector } from "./inspector-probe.ts";
import type { Inspector } from "./inspector-probe.ts";
import { nodeAttachConfiguration, planNodeAttach } from "./live-plan.ts";
import type { NodeAttachConfiguration } from "./live-plan.ts";

export interface LiveSession {
  readonly container: ContainerDetails;
  readonly inspector: Inspector;
  /** To be handed to VS Code's debugger. */
  readonly configuration: NodeAttachConfiguration;
}

export interface LiveWork {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: EngineProgress | { readonly phase: "attaching" }) => void;
  /** Milliseconds that the inspector has to answer; 10 s. */
  readonly timeout?: number;
}

/**
 * Restores a snapshot and waits until a debugger can be attached. Throws what the restore throws (`engine.*`), and
 * `debug.*` when the restored container has no inspector that can be reached; it then runs on.
 */
export async function restoreForDebugging(
  engine: Engine,
  snapshot: Snapshot,
  options: RestoreOptions = {},
  work: LiveWork = {},
): Promise<LiveSession> {
  const { container } = await engine.restore(snapshot, options, work);
  return attachPlan(engine, container, work);
}

/** The same for a container that runs already. */
export async function attachPlan(
  engine: Pick<Engine, "host">,
  container: ContainerDetails,
  { signal, onProgress, timeout }: LiveWork = {},
): Promise<LiveSession> {
  const plan = planNodeAttach(container, engine);
  onProgress?.({ phase: "attaching" });
  const inspector = await waitForInspector(plan.addresses, {
    ...(signal && { signal }),
    ...(timeout !== undefined && { timeout }),
  });
  return { container, inspector, configuration: nodeAttachConfiguration(plan, inspector) };
}
