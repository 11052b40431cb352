import type { DebugProtocol } from "@vscode/debugprotocol";
import { frameText } from "../frame-text.ts";
import type { RunningSession } from "../running.ts";
import { STACK_END } from "../stack-end.ts";
import { isScripted, stackFrame } from "../stack-frame.ts";

/** The calls a thread is in, or a part of them. */
export async function stackTrace(
  { target, configuration }: RunningSession,
  { threadId, startFrame = 0, levels = 0 }: DebugProtocol.StackTraceArguments,
): Promise<DebugProtocol.StackTraceResponse["body"]> {
  const thread = await target.thread(threadId);
  const frames = await target.frames(thread);
  const upTo = levels > 0 ? startFrame + levels : Infinity;
  // Editors fold what is subtle, and open the first call that isn't: that of the script, not of the engine below it.
  const hasScript = frames.some(isScripted);
  const stackFrames: DebugProtocol.StackFrame[] = await Promise.all(
    frames
      .slice(startFrame, upTo)
      .map((each) => stackFrame(each, configuration, hasScript && !isScripted(each))),
  );
  const { end } = await target.stack(thread);
  const why = frames.length > 0 ? STACK_END[end] : undefined;
  if (why === undefined) return { totalFrames: frames.length, stackFrames };
  // A row of its own behind the outermost call, which can't be chosen.
  const id = (frames.at(-1)?.id ?? 0) + 1;
  const isAsked = frames.length >= startFrame && frames.length < upTo;
  const label: DebugProtocol.StackFrame = { id, name: why, presentationHint: "label", line: 0, column: 0 };
  return { totalFrames: frames.length + 1, stackFrames: [...stackFrames, ...(isAsked ? [label] : [])] };
}

/** The page about a frame, where its source is not on this machine. */
export async function source(
  { target }: RunningSession,
  { source: place, sourceReference }: DebugProtocol.SourceArguments,
): Promise<DebugProtocol.SourceResponse["body"]> {
  const frame = await target.frame(place?.sourceReference ?? sourceReference);
  return { content: await frameText(target, frame), mimeType: "text/plain" };
}
