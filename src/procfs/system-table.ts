import type { SystemFile } from "./model.ts";
import { domainname, hostname } from "./system/hostname.ts";
import { locks } from "./system/locks.ts";
import { ipcLimits, messageQueues, semaphores, sharedMemory } from "./system/sysvipc.ts";
import { uptime } from "./system/uptime.ts";

/** Every kind of file in /proc that isn't a process's. Adding one is adding its file and a name here. */
export const SYSTEM_FILES: readonly SystemFile[] = [
  domainname,
  hostname,
  ...ipcLimits,
  locks,
  messageQueues,
  semaphores,
  sharedMemory,
  uptime,
];
