/** Where the virtual machine of this checkout lies. */
import { join } from "node:path";
import { PROJECT } from "../place.ts";

export const VM = join(PROJECT, ".cache/lab-vm");
/** The machine's disk, as it was built; a running machine writes elsewhere. */
export const DISK = join(VM, "disk.img");
export const KERNEL = join(VM, "vmlinuz");
export const INITRD = join(VM, "initrd.img");
/** What is written down about a running machine. */
export const STATE = join(VM, "state.json");
export const CONSOLE = join(VM, "console.log");
/** Same path inside and outside, by 9p. */
export const VM_SHARE = join(VM, "share");
