import type { DebugProtocol } from "@vscode/debugprotocol";
import { frameText } from "../frame-text.ts";
import type { RunningSession } from "../running.ts";
import { stackLabels } from "../stack-end.ts";
import { isScripted, stackFrame } from "../stack-frame.ts";
import { labelId } from "../target.ts";
import type { FrozenFrame } from "../target.ts";

/** The calls a thread is in, or a part of them. */
export async function stackTrace(
  { target, configuration }: RunningSession,
  { threadId, startFrame = 0, levels = 0 }: DebugProtocol.StackTraceArguments,
): Promise<DebugProtocol.StackTraceResponse["body"]> {
  const thread = await target.thread(threadId);
  const frames = await target.frames(thread);
  const { end } = await target.stack(thread);
  // Editors fold what is subtle, and open the first call that isn't: that of the script, not of the engine below it.
  const hasScript = frames.some(isScripted);
  const rows: (FrozenFrame | DebugProtocol.StackFrame)[] = [...frames];
  const labels = stackLabels(frames, end);
  labels.forEach(({ at, words: name }, index) => {
    // Rows of their own, of which nothing can be asked.
    const id = labelId(thread, frames, index);
    rows.splice(at + index, 0, { id, name, presentationHint: "label", line: 0, column: 0 });
  });
  const asked = rows.slice(startFrame, levels > 0 ? startFrame + levels : undefined);
  const stackFrames = await Promise.all(
    asked.map((row) =>
      "frame" in row ? stackFrame(row, configuration, hasScript && !isScripted(row)) : row,
    ),
  );
  return { totalFrames: rows.length, stackFrames };
}

/** The page about a frame, where its source is not on this machine. */
export async function source(
  { target }: RunningSession,
  { source: place, sourceReference }: DebugProtocol.SourceArguments,
): Promise<DebugProtocol.SourceResponse["body"]> {
  const frame = await target.frame(place?.sourceReference ?? sourceReference);
  return { content: await frameText(target, frame), mimeType: "text/plain" };
}
