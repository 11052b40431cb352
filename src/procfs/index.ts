// procfs: the frozen /proc, a read-only file tree over a checkpoint, in the kernel's own text formats.
export { openProcFs } from "./open.ts";
export { procfsErrors } from "./errors.ts";
export type { Difference, ProcEntry, ProcFs, ProcKind, ProcStat } from "./model.ts";
export { DIFFERENCES, differencesOf, NEVER } from "./differences.ts";
export type { FileDifferences } from "./differences.ts";
