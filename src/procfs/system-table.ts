import type { SystemFile } from "./model.ts";

/** Every kind of file in /proc that isn't a process's. Adding one is adding its file and a name here. */
export const SYSTEM_FILES: readonly SystemFile[] = [];
