// Known failures of CRIU by what they are about. Which to add: a failure that somebody had, with the line of its log.
import type { CriuCause } from "./criu-causes/cause.ts";
import { FILE_CAUSES } from "./criu-causes/files.ts";
import { MACHINE_CAUSES } from "./criu-causes/machine.ts";
import { NETWORK_CAUSES } from "./criu-causes/network.ts";
import { PROCESS_CAUSES } from "./criu-causes/processes.ts";

export type { CriuCause };

/** Known causes; in each file the more particular first. */
export const CRIU_CAUSES: readonly CriuCause[] = [
  ...NETWORK_CAUSES,
  ...FILE_CAUSES,
  ...PROCESS_CAUSES,
  ...MACHINE_CAUSES,
];
