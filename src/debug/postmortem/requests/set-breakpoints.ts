import type { DebugProtocol } from "@vscode/debugprotocol";
import { postmortemErrors } from "../errors.ts";
import type { RunningSession } from "../running.ts";

/** No breakpoint will ever be met. */
export function setBreakpoints(
  _session: RunningSession,
  { breakpoints = [] }: DebugProtocol.SetBreakpointsArguments,
): DebugProtocol.SetBreakpointsResponse["body"] {
  const { sentence } = postmortemErrors.frozen();
  return { breakpoints: breakpoints.map(() => ({ verified: false, message: sentence })) };
}
