// *Find Secrets in Memory*: what looks like a key, a token or a password, as masked lines of the view *Memory Matches*.
import { findSecrets, masked } from "../../memory/index.ts";
import type { CheckpointMemory, MemoryFilter, Secret } from "../../memory/index.ts";
import type { NamedMatch } from "./matches-view.ts";
import { askPlace } from "./place.ts";
import type { SearchPlace } from "./place.ts";
import { processesOf, titleOf } from "./scope.ts";
import type { SearchScope } from "./scope.ts";
import type { LookStep, MemorySearch } from "./search.ts";

/** Secrets in one step of the view. */
const BATCH = 20;

/** Looks for secrets, where `filter` says or a person chooses. Gives how many there are, undefined when given up. */
export async function showSecrets(
  search: MemorySearch,
  scope: SearchScope,
  given?: MemoryFilter,
  places: readonly SearchPlace[] = [],
): Promise<number | undefined> {
  const filter = given ?? (await askPlace(titleOf("Find Secrets", scope), await processesOf(scope), places));
  if (filter === undefined) return undefined;
  return search.runLook(scope, {
    text: "secrets",
    filter,
    things: { one: "secret", many: "secrets" },
    steps: (memories, options) => secretSteps(memories, options),
  });
}

/** A checkpoint's secrets after the other's: the progress is that of the checkpoints. */
async function* secretSteps(
  memories: readonly CheckpointMemory[],
  options: { readonly filter: MemoryFilter; readonly limit: number; readonly signal: AbortSignal },
): AsyncGenerator<LookStep> {
  for (const [index, memory] of memories.entries()) {
    let batch: NamedMatch[] = [];
    const step = (searched: number): LookStep => {
      const matches = batch;
      batch = [];
      return { memory, count: matches.length, matches: () => matches, searched, total: memories.length };
    };
    for await (const secret of findSecrets([memory], options)) {
      batch.push(matchOf(secret));
      if (batch.length >= BATCH) yield step(index);
    }
    yield step(index + 1);
  }
}

function matchOf(secret: Secret): NamedMatch {
  const { rule, confidence, match, value } = secret;
  const { name, source, isPublic } = rule;
  return {
    ...match,
    name,
    note: `${name} (${confidence}), as in ${source}`,
    ...(isPublic !== true && { secret: { masked: masked(secret), value } }),
  };
}
