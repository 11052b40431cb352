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
    return parseArgs({ args: withDashes(args), options, allowPositionals: true, strict: true });
  } catch (error) {
    throw cliErrors.usage(error instanceof Error ? error.message : String(error), command);
  }
}

/** What openssl was called with begins with a dash, which would be taken for an option of ours. */
function withDashes(args: readonly string[]): string[] {
  const joined: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const [arg = "", next] = [args[at], args[at + 1]];
    if (arg === "--") return [...joined, ...args.slice(at)];
    if (arg === "--openssl-enc" && next?.startsWith("-") === true) {
      joined.push(`${arg}=${next}`);
      at++;
    } else joined.push(arg);
  }
  return joined;
}
