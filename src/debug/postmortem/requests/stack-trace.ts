import type { DebugProtocol } from "@vscode/debugprotocol";
import { frameText } from "../frame-text.ts";
import type { RunningSession } from "../running.ts";
import { stackFrame } from "../stack-frame.ts";

/** The calls a thread is in, or a part of them. */
export async function stackTrace(
  { target, configuration }: RunningSession,
  { threadId, startFrame = 0, levels = 0 }: DebugProtocol.StackTraceArguments,
): Promise<DebugProtocol.StackTraceResponse["body"]> {
  const frames = await target.frames(await target.thread(threadId));
  const asked = frames.slice(startFrame, levels > 0 ? startFrame + levels : undefined);
  return {
    totalFrames: frames.length,
    stackFrames: await Promise.all(asked.map((each) => stackFrame(each, configuration))),
  };
}

/** The page about a frame, where its source is not on this machine. */
export async function source(
  { target }: RunningSession,
  { source: place, sourceReference }: DebugProtocol.SourceArguments,
): Promise<DebugProtocol.SourceResponse["body"]> {
  const frame = await target.frame(place?.sourceReference ?? sourceReference);
  return { content: await frameText(target, frame), mimeType: "text/plain" };
}
