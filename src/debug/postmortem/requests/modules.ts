import type { DebugProtocol } from "@vscode/debugprotocol";
import { listModules } from "../module-list.ts";
import type { RunningSession } from "../running.ts";

/** The programs and libraries of all processes, or a part of the list. */
export async function modules(
  { target }: RunningSession,
  { startModule = 0, moduleCount = 0 }: DebugProtocol.ModulesArguments = {},
): Promise<DebugProtocol.ModulesResponse["body"]> {
  const all = await listModules(target);
  return {
    modules: all.slice(startModule, moduleCount > 0 ? startModule + moduleCount : undefined),
    totalModules: all.length,
  };
}
