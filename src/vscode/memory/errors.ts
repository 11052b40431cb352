import { cryoscopeError } from "../../bytes/index.ts";
import type { CryoscopeError } from "../../bytes/index.ts";

/** The errors of this folder. */
export const memoryViewErrors = {
  badRange: (start: string, length: number): CryoscopeError =>
    cryoscopeError("memoryView.badRange", `${length} bytes at ${start} can't be shown at once.`),
  nothingMapped: (address: bigint): CryoscopeError =>
    cryoscopeError("memoryView.nothingMapped", `Nothing is mapped at 0x${address.toString(16)}.`, {
      next: "The list of mappings beside the bytes shows what is.",
    }),
  overEvidence: (file: string): CryoscopeError =>
    cryoscopeError(
      "memoryView.overEvidence",
      "This would write into the checkpoint, which is never changed.",
      {
        file,
        next: "Choose another place.",
      },
    ),
  noModule: (address: bigint): CryoscopeError =>
    cryoscopeError("memoryView.noModule", `There is no ELF file in memory at 0x${address.toString(16)}.`, {
      next: "List Modules shows those that are in memory.",
    }),
  noElf: (name: string): CryoscopeError =>
    cryoscopeError("memoryView.noElf", `The ELF header of ${name} is not in the checkpoint.`, {
      next: "It is in the file, which CRIU doesn't copy.",
    }),
  elfTooBig: (name: string, size: number): CryoscopeError =>
    cryoscopeError("memoryView.elfTooBig", `The program headers of ${name} make it ${size} bytes.`, {
      next: "Save its mappings instead.",
    }),
  notCode: (): CryoscopeError =>
    cryoscopeError("memoryView.notCode", "The bytes at the cursor don't lie in a mapping of a file.", {
      next: "Go to code that is marked in the list of mappings.",
    }),
  noFile: (path: string): CryoscopeError =>
    cryoscopeError(
      "memoryView.noFile",
      `The checkpoint doesn't hold ${path}, so there is nothing to compare with.`,
      { next: "Choose Sysroot… names a folder or container image that has it." },
    ),
  noHeap: (pid: number): CryoscopeError =>
    cryoscopeError("memoryView.noHeap", `Process ${pid} has no heap of glibc's malloc.`, {
      next: "It may have another malloc, or be a program of 32 bits.",
    }),
  noRules: (file: string): CryoscopeError =>
    cryoscopeError("memoryView.noRules", "This is no file of rules.", {
      file,
      next: "Choose text files of YARA rules.",
    }),
  badInteger: (text: string): CryoscopeError =>
    cryoscopeError("memoryView.badInteger", `"${text}" is no number.`, { next: "Type 1234, -5 or 0x7f00." }),
  tooWide: (value: bigint): CryoscopeError =>
    cryoscopeError("memoryView.tooWide", `${value} has more than 64 bits.`, {
      next: "Search for its bytes in hex.",
    }),
  emptyRange: (text: string): CryoscopeError =>
    cryoscopeError("memoryView.emptyRange", `The range ${text} ends before it begins.`, {
      next: "Type START-END, such as 7f00-7f10.",
    }),
} as const;
