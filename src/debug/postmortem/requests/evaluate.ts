import type { DebugProtocol } from "@vscode/debugprotocol";
import { evaluate } from "../evaluate.ts";
import type { RunningSession } from "../running.ts";

/** What an expression is in a frame, or without one. */
export async function evaluateRequest(
  { target, variables }: RunningSession,
  { expression, frameId }: DebugProtocol.EvaluateArguments,
): Promise<DebugProtocol.EvaluateResponse["body"]> {
  const frame = frameId === undefined ? undefined : await target.frameOrLabel(frameId);
  const { result, type, memory, children } = await evaluate({ target, frame }, expression);
  return {
    ...{ result, type },
    ...(memory !== undefined && { memoryReference: memory }),
    variablesReference: children ? variables.add(children) : 0,
    ...(children?.indexed !== undefined && { indexedVariables: children.indexed }),
  };
}
