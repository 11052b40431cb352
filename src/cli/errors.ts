import { cryoscopeError, toCryoscopeError } from "../bytes/index.ts";
import type { CryoscopeError } from "../bytes/index.ts";
import type { Engine } from "../engine/index.ts";

/** The errors of the command line itself. */
export const cliErrors = {
  usage: (sentence: string, command?: string): CryoscopeError =>
    cryoscopeError("cli.usage", sentence, {
      next: `See \`cryoscope ${command === undefined ? "" : `${command} `}--help\`.`,
    }),
  notSealed: (plain: string, target: string, cause: unknown): CryoscopeError =>
    cryoscopeError(
      "cli.notSealed",
      `It is frozen but not sealed, and lies on the disk in plain. ${sentenceOf(cause)}`,
      {
        file: plain,
        cause,
        next:
          "This may be all that is left of the container. Seal it with " +
          `\`cryoscope seal ${plain} --recipient … -o ${target}\` and delete it, or bring it back with \`cryoscope restore\`.`,
      },
    ),
  notFetched: (
    file: string,
    { name, capabilities }: Pick<Engine, "name" | "capabilities">,
    checkpoint: string,
    cause: unknown,
  ): CryoscopeError =>
    cryoscopeError("cli.notFetched", `It is frozen, but can't be copied out. ${sentenceOf(cause)}`, {
      cause,
      next:
        `${name} has it in plain as ${checkpoint}, and its record is ${file}.json` +
        (capabilities.restore.can ? `: \`cryoscope restore ${file}\` brings it back.` : "."),
    }),
  engineKeepsPlain: (engine: string, checkpoint: string, cause: unknown): CryoscopeError =>
    cryoscopeError(
      "cli.engineKeepsPlain",
      `It is frozen and sealed, but ${engine} still has it in plain. ${sentenceOf(cause)}`,
      { cause, next: `Delete the checkpoint ${checkpoint} with ${engine}.` },
    ),
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

/** With what to do next, since the error around it has a next step of its own. */
function sentenceOf(cause: unknown): string {
  const { message, next } = toCryoscopeError(cause);
  return next === undefined ? message : `${message} ${next}`;
}
