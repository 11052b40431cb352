import { cryoscopeError } from "../bytes/index.ts";
import type { CryoscopeError } from "../bytes/index.ts";

/** The errors of this floor. */
export const corefileErrors = {
  machine: (name: string): CryoscopeError =>
    cryoscopeError("corefile.machine", `Core files of ${name} can't be written.`, {
      next: "Save memory and look at registers instead.",
    }),
  noRegisters: (pid: number): CryoscopeError =>
    cryoscopeError("corefile.noRegisters", `The registers of process ${pid} are not in the images.`, {
      next: "Look for its core image among the problems of the checkpoint.",
    }),
  disassembler: (error: unknown): CryoscopeError =>
    cryoscopeError(
      "corefile.disassembler",
      `The disassembler can't be loaded: ${error instanceof Error ? error.message : String(error)}`,
      { next: "Install the extension again." },
    ),
  unreadable: (why: string): CryoscopeError =>
    cryoscopeError("corefile.unreadable", `This core file can't be read: ${why}.`, {
      next: "Look whether it was written to its end: `readelf -lW` shows what it should have.",
    }),
  badMinidump: (why: string): CryoscopeError =>
    cryoscopeError("corefile.badMinidump", `This minidump can't be read: ${why}.`, {
      next: "Look whether it was written to its end; lldb opens minidumps, too.",
    }),
  otherSystem: (): CryoscopeError =>
    cryoscopeError("corefile.otherSystem", "Of minidumps only those of Linux and Android are read.", {
      next: "Open it with lldb, or with the debugger of its own system.",
    }),
  bigEndian: (): CryoscopeError =>
    cryoscopeError("corefile.bigEndian", "Core files of big-endian machines aren't read.", {
      next: "Open it with gdb-multiarch.",
    }),
  tooManyFiles: (count: number): CryoscopeError =>
    cryoscopeError("corefile.tooManyFiles", `${count} mapped files are more than a core file can list.`),
};
