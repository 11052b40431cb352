import type { DebugProtocol } from "@vscode/debugprotocol";
import { stat } from "node:fs/promises";
import { localPath } from "./configuration.ts";
import type { PostmortemConfiguration } from "./configuration.ts";
import { memoryReference } from "./memory-reference.ts";
import { moduleId } from "./module-list.ts";
import { baseName, frameName, frameSource } from "./scopes/frame.ts";
import type { FrozenFrame } from "./target.ts";
import { shown } from "./variable.ts";

/** Whether a call is of a program's own text in Python or JavaScript, and none of the engine's that runs it. */
export const isScripted = (frozen: FrozenFrame): boolean =>
  frozen.python !== undefined || (frozen.javaScript !== undefined && frameSource(frozen) !== undefined);

/** A frame as the protocol has it; `isQuiet` where it is of the engine that runs another. */
export async function stackFrame(
  frozen: FrozenFrame,
  configuration: PostmortemConfiguration,
  isQuiet: boolean,
): Promise<DebugProtocol.StackFrame> {
  const { id, frame, thread } = frozen;
  const { module, programCounter, foundBy } = frame;
  const { pid } = thread.process;
  return {
    ...{ id, name: frameName(frozen) },
    ...(await placeOf(frozen, configuration)),
    instructionPointerReference: memoryReference({ pid, address: programCounter }),
    ...(module && { moduleId: moduleId(pid, module) }),
    ...((foundBy === "scan" || isQuiet) && { presentationHint: "subtle" as const }),
  };
}

/** The line in the source, where that is on this machine; else the page about the frame. */
async function placeOf(
  frozen: FrozenFrame,
  configuration: PostmortemConfiguration,
): Promise<Pick<DebugProtocol.StackFrame, "source" | "line" | "column">> {
  const source = frameSource(frozen);
  const local = source && (await sourceOnThisMachine(source.path, configuration));
  if (local) return { source: local, line: source.line, column: source.column };
  const origin = source && { origin: shown(`${source.path}:${source.line}`) };
  // The Call Stack view shows the beginning of it: there the line is wanted, beside the function that it shows anyway.
  const line = source ? `${shown(baseName(source.path))}:${source.line} ` : "";
  return {
    source: { name: `${line}${frameName(frozen)}.frame`, sourceReference: frozen.id, ...origin },
    ...{ line: 1, column: 1 },
  };
}

/** The source that the compiler saw at `path`, where it is on this machine and the configuration leads to it. */
export async function sourceOnThisMachine(
  path: string,
  configuration: PostmortemConfiguration,
): Promise<DebugProtocol.Source | undefined> {
  const local = localPath(path, configuration);
  return local !== undefined && (await isFile(local)) ? { name: baseName(local), path: local } : undefined;
}

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
