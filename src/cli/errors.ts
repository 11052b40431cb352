import { cryoscopeError } from "../bytes/index.ts";
import type { CryoscopeError } from "../bytes/index.ts";

/** The errors of the command line itself. */
export const cliErrors = {
  usage: (sentence: string, command?: string): CryoscopeError =>
    cryoscopeError("cli.usage", sentence, {
      next: `See \`cryoscope ${command === undefined ? "" : `${command} `}--help\`.`,
    }),
  unreadable: (file: string, cause: unknown): CryoscopeError =>
    cryoscopeError("cli.unreadable", `The file cannot be read: ${(cause as Error).message}.`, {
      file,
      cause,
      next: "Check that it exists and that you may read it.",
    }),
  unwritable: (file: string, cause: unknown): CryoscopeError =>
    cryoscopeError("cli.unwritable", `The file cannot be written: ${(cause as Error).message}.`, {
      file,
      cause,
      next: "Choose a place where you may write.",
    }),
};
