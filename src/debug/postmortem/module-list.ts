import type { DebugProtocol } from "@vscode/debugprotocol";
import type { LoadedModule } from "../../corefile/index.ts";
import { hex } from "./memory-reference.ts";
import { baseName } from "./scopes/frame.ts";
import type { FrozenTarget } from "./target.ts";
import { shown } from "./variable.ts";

/** The programs and libraries of all processes, as the protocol lists them. */
export async function listModules(target: FrozenTarget): Promise<readonly DebugProtocol.Module[]> {
  const modules: DebugProtocol.Module[] = [];
  for (const { pid, state } of target.processes)
    for (const module of state === "zombie" ? [] : await (await target.modules(pid)).all()) {
      const { name, bias, from, elf } = module;
      modules.push({
        id: moduleId(pid, module),
        name: shown(baseName(name)),
        path: shown(name),
        addressRange: hex(bias),
        symbolStatus:
          from === "memory" && elf.sections.length === 0 ? "its file isn't here" : `read from ${from}`,
      });
    }
  return modules;
}

/** How frames name their module. */
export const moduleId = (pid: number, { bias, name }: LoadedModule): string => `${pid}:${hex(bias)}:${name}`;
