import { parseArgs } from "node:util";
import type { ParseArgsConfig } from "node:util";
import { cliErrors } from "./errors.ts";

type Options = NonNullable<ParseArgsConfig["options"]>;

/** Options of every command that opens a checkpoint. */
export const KEY_OPTIONS = {
  key: { type: "string", multiple: true, default: [] as string[] },
  "passphrase-file": { type: "string", multiple: true, default: [] as string[] },
  "openssl-enc": { type: "string" },
  "max-inflated": { type: "string" },
} as const satisfies Options;

/**
 * Parses a command's words: these options and exactly one operand, which `operand` names in messages. Throws
 * `cli.usage`.
 */
export function parseCommandLine<T extends Options>(
  command: string,
  args: readonly string[],
  options: T,
  operand: string,
): { values: ReturnType<typeof parseArgs<{ options: T }>>["values"]; operand: string } {
  const { values, positionals } = parseWords(command, args, options);
  const [only, ...others] = positionals;
  if (only === undefined) throw cliErrors.usage(`${operand} is missing.`, command);
  if (others.length > 0)
    throw cliErrors.usage(`One ${operand} is enough; "${others.join(" ")}" is too much.`, command);
  return { values, operand: only };
}

/** Parses a command's words: these options and any number of operands. Throws `cli.usage`. */
export function parseWords<T extends Options>(command: string, args: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw cliErrors.usage(error instanceof Error ? error.message : String(error), command);
  }
}
