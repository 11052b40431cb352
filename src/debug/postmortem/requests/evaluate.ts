import type { DebugProtocol } from "@vscode/debugprotocol";
import { evaluate } from "../evaluate.ts";
import type { RunningSession } from "../running.ts";

/** What an expression is in a frame, or without one. */
export async function evaluateRequest(
  { target }: RunningSession,
  { expression, frameId }: DebugProtocol.EvaluateArguments,
): Promise<DebugProtocol.EvaluateResponse["body"]> {
  const frame = frameId === undefined ? undefined : await target.frame(frameId);
  const { result, type, memory } = await evaluate({ target, frame }, expression);
  return { result, type, memoryReference: memory, variablesReference: 0 };
}
