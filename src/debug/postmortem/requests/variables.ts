import type { DebugProtocol } from "@vscode/debugprotocol";
import type { RunningSession } from "../running.ts";
import { SCOPES } from "../scopes/index.ts";
import type { Variable, VariableStore } from "../variable.ts";

/** The groups of the Variables view for a frame. */
export async function scopes(
  { target, variables: store }: RunningSession,
  { frameId }: DebugProtocol.ScopesArguments,
): Promise<DebugProtocol.ScopesResponse["body"]> {
  const frame = await target.frameOrLabel(frameId);
  if (frame === undefined) return { scopes: [] };
  const isShown = await Promise.all(SCOPES.map(async ({ isFor }) => (await isFor?.(frame)) ?? true));
  const found = SCOPES.filter((_scope, index) => isShown[index]);
  return {
    scopes: found.map(({ name, expensive, hint, rows }) => ({
      ...{ name, expensive },
      ...(hint !== undefined && { presentationHint: hint }),
      variablesReference: store.add({ read: async () => rows(target, frame) }),
    })),
  };
}

/** The rows below a scope or another row, or a part of them. */
export async function variables(
  { variables: store }: RunningSession,
  { variablesReference, start, count }: DebugProtocol.VariablesArguments,
): Promise<DebugProtocol.VariablesResponse["body"]> {
  const rows = await store.read(variablesReference, start, count);
  return { variables: rows.map((row) => asVariable(row, store)) };
}

function asVariable(
  { name, value, type, memory, expression, children }: Variable,
  store: VariableStore,
): DebugProtocol.Variable {
  return {
    ...{ name, value },
    ...(type !== undefined && { type }),
    ...(memory !== undefined && { memoryReference: memory }),
    ...(expression !== undefined && { evaluateName: expression }),
    variablesReference: children ? store.add(children) : 0,
    ...(children?.indexed !== undefined && { indexedVariables: children.indexed }),
  };
}
