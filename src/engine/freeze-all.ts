import { toCryoscopeError } from "../bytes/index.ts";
import type { CryoscopeError } from "../bytes/index.ts";
import type { CheckpointOptions, CheckpointResult, Container, Engine, EngineWork } from "./engine.ts";

export type FreezeOutcome = {
  readonly container: Container;
} & (
  | { readonly result: CheckpointResult; readonly problem: undefined }
  | { readonly result: undefined; readonly problem: CryoscopeError }
);

/**
 * Freezes many containers, at most `atOnce` side by side, and gives what became of each, in their order. One that can't
 * be frozen doesn't keep the others from it. Throws only the signal's reason.
 */
export async function freezeAll(
  engine: Engine,
  containers: readonly Container[],
  optionsOf: (container: Container) => CheckpointOptions | Promise<CheckpointOptions>,
  { atOnce = 4, ...work }: EngineWork & { readonly atOnce?: number } = {},
): Promise<readonly FreezeOutcome[]> {
  const outcomes: FreezeOutcome[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < containers.length; index = next++) {
      const container = containers[index];
      if (container === undefined) return;
      work.signal?.throwIfAborted();
      try {
        const result = await engine.checkpoint(container.id, await optionsOf(container), work);
        outcomes[index] = { container, result, problem: undefined };
      } catch (error) {
        if (work.signal?.aborted) throw error;
        outcomes[index] = { container, result: undefined, problem: toCryoscopeError(error) };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.min(atOnce, containers.length)) }, worker));
  return outcomes;
}
