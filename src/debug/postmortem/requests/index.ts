import type { RunningSession } from "../running.ts";
import { disassemble } from "./disassemble.ts";
import { evaluateRequest } from "./evaluate.ts";
import { modules } from "./modules.ts";
import { readMemory } from "./read-memory.ts";
import { setBreakpoints } from "./set-breakpoints.ts";
import { source, stackTrace } from "./stack-trace.ts";
import { exceptionInfo, threads } from "./threads.ts";
import { scopes, variables } from "./variables.ts";

/** Answers one request with the body of the response; what it throws becomes the error that is shown. */
export type RequestHandler = (session: RunningSession, args: never) => Promise<object> | object;

/** What a session that has begun answers, by the protocol's names. A new request is a row. */
export const REQUESTS: ReadonlyMap<string, RequestHandler> = new Map<string, RequestHandler>([
  ["threads", threads],
  ["stackTrace", stackTrace],
  ["source", source],
  ["scopes", scopes],
  ["variables", variables],
  ["evaluate", evaluateRequest],
  ["readMemory", readMemory],
  ["disassemble", disassemble],
  ["modules", modules],
  ["exceptionInfo", exceptionInfo],
  ["setBreakpoints", setBreakpoints],
]);

/** What would make the process go on. */
export const REFUSED: ReadonlySet<string> = new Set(["continue", "next", "stepIn", "stepOut", "stepBack"]);
