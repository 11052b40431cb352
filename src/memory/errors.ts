import { cryoscopeError } from "../bytes/index.ts";
import type { CryoscopeError, ErrorDetails } from "../bytes/index.ts";

/** The errors of this floor. */
export const memoryErrors = {
  noMemory: (pid: number): CryoscopeError =>
    cryoscopeError("memory.none", `Process ${pid} has no memory in this checkpoint: it had ended.`),
  noProcess: (pid: number): CryoscopeError =>
    cryoscopeError("memory.noProcess", `There is no process ${pid} in this checkpoint.`, {
      next: "`cryoscope inspect` lists the processes.",
    }),
  tooMuch: (length: number, limit: number): CryoscopeError =>
    cryoscopeError("memory.tooMuch", `${length} bytes are more than can be read at once (${limit}).`, {
      next: "Read it in parts.",
    }),
  outOfRange: (address: bigint): CryoscopeError =>
    cryoscopeError("memory.outOfRange", `0x${address.toString(16)} is no address: they have 64 bits.`),
  tooManyMappings: (count: number, details: ErrorDetails): CryoscopeError =>
    cryoscopeError("memory.tooManyMappings", `${count} mappings are more than a process can have.`, details),
  badQuery: (why: string): CryoscopeError =>
    cryoscopeError("memory.badQuery", `${why}.`, { next: "Change what is looked for." }),
  searchTooSlow: (limit: number): CryoscopeError =>
    cryoscopeError(
      "memory.searchTooSlow",
      `Searching 4 MiB took longer than ${limit / 1000} s, so the search was ended.`,
      { next: "Make the regular expression simpler: nested repetition is what costs." },
    ),
  searchFailed: (cause: unknown): CryoscopeError =>
    cryoscopeError("memory.searchFailed", `The search failed: ${String(cause)}.`, { cause }),
  noYara: (named: readonly string[]): CryoscopeError =>
    cryoscopeError(
      "memory.noYara",
      named.length === 0
        ? "YARA-X, which reads YARA rules, isn't installed here."
        : `There is no WebAssembly of YARA-X in ${named.join(", ")}.`,
      {
        next: "Install the extension cryoscope-yara, or `npm install @virustotal/yara-x@1.20.0` anywhere and name that folder.",
      },
    ),
  otherYara: (file: string): CryoscopeError =>
    cryoscopeError("memory.otherYara", "This is not the version of YARA-X that Cryoscope was built for.", {
      file,
      next: "docs/memory.md says which one it is.",
    }),
  badRules: (messages: readonly string[]): CryoscopeError =>
    cryoscopeError("memory.badRules", `The YARA rules can't be compiled.\n${messages.join("\n")}`, {
      next: "Mend the rules, or leave that file out.",
    }),
  yaraTooSlow: (limit: number): CryoscopeError =>
    cryoscopeError(
      "memory.yaraTooSlow",
      `YARA took longer than ${limit / 1000} s for one region of memory, so the scan was ended.`,
      { next: "Make the rules simpler, or give them more time." },
    ),
  yaraFailed: (cause: unknown): CryoscopeError =>
    cryoscopeError("memory.yaraFailed", `YARA failed: ${String(cause)}.`, { cause }),
};
