import { cryoscopeError } from "./error.ts";
import type { CryoscopeError, ErrorDetails } from "./error.ts";

/** The errors of this floor. */
export const bytesErrors = {
  truncated: (wanted: number, got: number, details?: ErrorDetails): CryoscopeError =>
    cryoscopeError(
      "bytes.truncated",
      `The file ends early: ${wanted} bytes were expected, ${got} are there.`,
      details,
    ),
  outOfRange: (offset: number, length: number, details?: ErrorDetails): CryoscopeError =>
    cryoscopeError("bytes.outOfRange", `A read of ${length} bytes at ${offset} is out of range.`, details),
  notAFile: (file: string): CryoscopeError =>
    cryoscopeError("bytes.notAFile", "This is not a regular file.", { file, next: "Choose a file." }),
  unreadable: (file: string, cause: unknown): CryoscopeError =>
    cryoscopeError("bytes.unreadable", `The file cannot be read: ${String((cause as Error).message)}.`, {
      file,
      cause,
      next: "Check that it exists and that you may read it.",
    }),
  badPattern: (why: string): CryoscopeError =>
    cryoscopeError("bytes.badPattern", `This can't be searched for: ${why}.`, {
      next: "Change what is looked for.",
    }),
  searchTooSlow: (details?: ErrorDetails): CryoscopeError =>
    cryoscopeError("bytes.searchTooSlow", "The regular expression takes too long here.", {
      ...details,
      next: "Make it simpler: nested repetition is what costs.",
    }),
};
