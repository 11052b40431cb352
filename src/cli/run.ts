import packageJson from "../../package.json" with { type: "json" };
import { CryoscopeError } from "../bytes/index.ts";
import { EXIT } from "./command.ts";
import type { CommandRow, ExitCode } from "./command.ts";
import { cliErrors } from "./errors.ts";
import { errorText } from "./output.ts";
import type { CliOutput } from "./output.ts";

/** How what is needed is given on the command line. */
const KEY_OPTIONS_FOR: Readonly<Record<string, string>> = {
  "seal.keyNeeded": "--key FILE, --passphrase-file FILE",
  "seal.wrongKey": "--key FILE, --passphrase-file FILE",
  "seal.passphraseNeeded": "--passphrase-file FILE",
  "seal.wrongPassphrase": "--passphrase-file FILE",
};

/** Runs what the words of a command line say. Throws only what is not a `CryoscopeError`. */
export async function runCli(
  commands: readonly CommandRow[],
  args: readonly string[],
  output: CliOutput,
): Promise<ExitCode> {
  try {
    return await runWords(commands, args, output);
  } catch (error) {
    if (!(error instanceof CryoscopeError)) throw error;
    const option = KEY_OPTIONS_FOR[error.code];
    output.message(`cryoscope: ${errorText(error)}${option === undefined ? "" : ` (${option})`}`);
    return error.code === "cli.usage" ? EXIT.wrongUsage : EXIT.unreadable;
  }
}

async function runWords(
  commands: readonly CommandRow[],
  [first, ...rest]: readonly string[],
  output: CliOutput,
): Promise<ExitCode> {
  if (first === undefined) throw cliErrors.usage("A command is missing.");
  if (first === "--version") {
    await output.write(`${packageJson.version}\n`);
    return EXIT.done;
  }
  const named = first === "help" ? rest[0] : first;
  if (first === "--help" || first === "-h" || named === undefined) {
    await output.write(overview(commands));
    return EXIT.done;
  }
  const command = commands.find(({ name }) => name === named);
  if (!command) throw cliErrors.usage(`There is no command "${named}".`);
  if (first === "help" || asksForHelp(rest)) {
    await output.write(`${command.usage}\n`);
    return EXIT.done;
  }
  const { run } = await command.load();
  return run(rest, output);
}

/** Whether `--help` is among the options; behind `--` it would be a file. */
function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return (end < 0 ? args : args.slice(0, end)).some((arg) => arg === "--help" || arg === "-h");
}

function overview(commands: readonly CommandRow[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  const rows = commands.map(({ name, summary }) => `  ${name.padEnd(width)}   ${summary}`);
  return [
    "cryoscope COMMAND …",
    "",
    "Looks into frozen containers: checkpoints made by CRIU.",
    "",
    ...rows,
    "",
    "`cryoscope COMMAND --help` tells more; `cryoscope --version` tells the version.",
    "Exit status: 0 done, 1 done with findings, 2 wrong usage, 3 could not be read.",
    "",
  ].join("\n");
}
