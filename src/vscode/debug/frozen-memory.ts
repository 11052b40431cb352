// From the rows of a post-mortem session into the Memory editor. VS Code's own memory view needs an extension that not
// everyone has.
import type { DebugProtocol } from "@vscode/debugprotocol";
import * as vscode from "vscode";
import { parseReference } from "../../debug/index.ts";
import type { CheckpointExplorer } from "../checkpoint/index.ts";
import { command } from "../messages.ts";
import { debugErrors } from "./errors.ts";
import { isPostmortem, placesOf } from "./frozen.ts";

/** What VS Code gives a command in the menu of a row of *Variables*. */
interface VariableRow {
  readonly sessionId?: string | undefined;
  readonly variable?: { readonly memoryReference?: string | undefined };
}

/** The same of *Call Stack*, behind the frame's source: `frameId` is `stackframe:thread:SESSION:THREAD:INDEX:NAME`. */
interface FrameRow {
  readonly sessionId?: string;
  readonly frameId?: string;
}

const FRAME = /^stackframe:thread:[^:]+:(\d+):(\d+):/;

/** *Open in Memory Editor* on variables, *Open Stack in Memory Editor* on frames. */
export function registerFrozenMemory(explorer: CheckpointExplorer): vscode.Disposable {
  const sessions = new Map<string, vscode.DebugSession>();

  const open = async ({ sessionId, variable }: VariableRow): Promise<unknown> => {
    const session = sessions.get(sessionId ?? "");
    const reference = variable?.memoryReference;
    if (session === undefined || reference === undefined) throw debugErrors.noMemory();
    const { source, sysroot } = placesOf(session);
    const entry = explorer.openCheckpoints.find((each) => each.source.fsPath === source.fsPath);
    if (entry === undefined) throw debugErrors.noMemory();
    const { pid, address } = parseReference(reference, 0);
    const place = { process: { pid }, address, sysroot };
    return vscode.commands.executeCommand("cryoscope.openMemory", { entry, ...place });
  };

  const openStack = async (_source: unknown, { sessionId, frameId = "" }: FrameRow): Promise<unknown> => {
    const session = sessions.get(sessionId ?? "");
    const [, threadId, startFrame] = FRAME.exec(frameId)?.map(Number) ?? [];
    if (session === undefined || threadId === undefined) throw debugErrors.noMemory();
    // The bodies of answers are as @vscode/debugprotocol types them.
    const { stackFrames } = (await session.customRequest("stackTrace", {
      ...{ threadId, startFrame, levels: 1 },
    })) as DebugProtocol.StackTraceResponse["body"];
    const [frame] = stackFrames;
    if (frame === undefined || frame.presentationHint === "label") throw debugErrors.noMemory();
    const { memoryReference } = (await session.customRequest("evaluate", {
      ...{ expression: "$sp", frameId: frame.id },
    })) as DebugProtocol.EvaluateResponse["body"];
    return open({ sessionId, variable: { memoryReference } });
  };

  return vscode.Disposable.from(
    vscode.debug.onDidStartDebugSession((session) => {
      if (session.type === "cryoscope" && isPostmortem(session.configuration))
        sessions.set(session.id, session);
    }),
    vscode.debug.onDidTerminateDebugSession(({ id }) => sessions.delete(id)),
    command("cryoscope.openVariableMemory", open),
    command("cryoscope.openFrameMemory", openStack),
  );
}
