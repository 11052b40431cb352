import { MAX_GOROUTINES } from "../../corefile/index.ts";
import type { DamagedModule } from "../../corefile/index.ts";
import type { FrozenTarget } from "./target.ts";
import { shown } from "./variable.ts";

/** That what a module's debug information would tell is left out where it is damaged. */
export const damagedText = ({ name, sentence }: DamagedModule): string =>
  `${shown(name)}: ${sentence} Names, lines and variables of it may be missing, and stacks through it may be guesses. Set “sysroot” to a root folder or container image with a sound copy of the file, or of its debug file.`;

/** That a list of goroutines ends before they do. */
export const crowdedText = (pid: number): string =>
  `Process ${pid} has more than ${MAX_GOROUTINES.toLocaleString("en")} goroutines: the oldest ${MAX_GOROUTINES.toLocaleString("en")} places of its list are shown.`;

/** Files that are looked at. */
const MAX_FILES = 256;
/** Names that are said. */
const MAX_NAMES = 5;

/**
 * Programs and libraries of a process that are here, but not as they were when it ran; a sentence that says so, undefined
 * where all are the same.
 */
export async function otherFiles(target: FrozenTarget, pid: number): Promise<string | undefined> {
  const { files } = target.memory;
  const ids = new Set<number>();
  for (const { fileId, permissions } of (await target.space(pid)).areas)
    if (fileId !== undefined && permissions.includes("x") && ids.size < MAX_FILES) ids.add(fileId);
  const names: string[] = [];
  for (const id of ids) {
    if ((await files.find(id)) !== "otherFile") continue;
    const file = await files.get(id);
    names.push(file?.kind === "file" ? shown(file.path) : `file ${id}`);
  }
  if (names.length === 0) return undefined;
  const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : "";
  return `Not the file that ran (its size or build id is another), and not used: ${names.slice(0, MAX_NAMES).join(", ")}${more}. What is called there has no names, and stacks through it may be guesses. Set “sysroot” to a root folder or container image that has it.`;
}
