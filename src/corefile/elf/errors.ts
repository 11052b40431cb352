import { cryoscopeError } from "../../bytes/index.ts";
import type { CryoscopeError } from "../../bytes/index.ts";

/** The errors of reading ELF and DWARF. Whoever reads for a person falls back on less, and says so. */
export const elfErrors = {
  truncated: (offset: number): CryoscopeError =>
    cryoscopeError("elf.truncated", "A table of the program ends in the middle of an entry.", { offset }),
  noAlternate: (name: string): CryoscopeError =>
    cryoscopeError(
      "elf.noAlternate",
      `A part of its debug information is in ${name === "" ? "another file" : name}, which is not there, or another one's.`,
      { next: "Install the whole debug package in the system root, with what is below /usr/lib/debug/.dwz." },
    ),
  damaged: (what: string): CryoscopeError =>
    cryoscopeError("elf.damaged", `The debug information of the program is damaged: ${what}.`, {
      next: "Use the file that the process ran, from a sysroot.",
    }),
  unknownPacking: (section: string, type: number): CryoscopeError =>
    cryoscopeError(
      "elf.unknownPacking",
      `${section} of the program is packed in a way (${type}) that isn't read.`,
      {
        next: "Unpack it with objcopy --decompress-debug-sections.",
      },
    ),
};
