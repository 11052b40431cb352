import { basename, join } from "node:path";
import { critDirect } from "../criu/index.ts";
import type { Problem } from "../criu/index.ts";
import { CryoscopeError } from "../bytes/index.ts";
import { KEY_OPTIONS, parseWords } from "./arguments.ts";
import { EXIT } from "./command.ts";
import type { ExitCode, RunCommand } from "./command.ts";
import { cliErrors } from "./errors.ts";
import { withImageFile } from "./image-file.ts";
import type { ImageFile } from "./image-file.ts";
import { jsonFolder } from "./json-folder.ts";
import type { KeyFiles } from "./keys.ts";
import { errorText } from "./output.ts";
import type { CliOutput } from "./output.ts";

const OPTIONS = {
  ...KEY_OPTIONS,
  json: { type: "boolean" },
  pretty: { type: "boolean" },
  plain: { type: "boolean" },
  output: { type: "string", short: "o" },
} as const;

/** Problems told one by one; a damaged image can have very many. */
const MOST_TOLD = 20;

interface Decoding {
  readonly pretty: boolean;
  readonly keys: KeyFiles;
  readonly output: CliOutput;
}

type Write = (text: string | Uint8Array) => Promise<void>;

/**
 * `cryoscope decode IMAGE… [-o FOLDER]`: crit's JSON, on standard output or in a file for each image. What is broken is
 * said on standard error, and the rest is printed.
 */
export const run: RunCommand = async (args, output) => {
  const { values, positionals } = parseWords("decode", args, OPTIONS);
  const [first, ...others] = positionals;
  if (first === undefined) throw cliErrors.usage("IMAGE is missing.", "decode");
  const decoding: Decoding = { pretty: values.plain !== true, keys: values, output };
  if (values.output !== undefined) return decodeInto(values.output, positionals, decoding);
  if (others.length > 0) throw cliErrors.usage("Several images need a folder to go to: -o FOLDER.", "decode");
  return decode(first, decoding, (text) => output.write(text));
};

/** Decodes each image into `FOLDER/NAME.json`. One that can't be is said, and the others are decoded. */
async function decodeInto(folder: string, paths: readonly string[], decoding: Decoding): Promise<ExitCode> {
  const files = await jsonFolder(folder);
  const names = new Set<string>();
  for (const path of paths) {
    const name = `${basename(path)}.json`;
    if (names.has(name)) throw cliErrors.usage(`Two images would become ${join(folder, name)}.`, "decode");
    names.add(name);
  }
  let worst: ExitCode = EXIT.done;
  for (const path of paths) {
    const exit = await decodeToFile(path, decoding, files.create(`${basename(path)}.json`));
    // Some of many were unreadable: done, with findings.
    worst = Math.max(worst, exit === EXIT.unreadable && paths.length > 1 ? EXIT.findings : exit) as ExitCode;
  }
  return worst;
}

async function decodeToFile(
  path: string,
  decoding: Decoding,
  file: { write: Write; close(): Promise<void> },
): Promise<ExitCode> {
  try {
    return await decode(path, decoding, file.write);
  } catch (error) {
    if (!(error instanceof CryoscopeError)) throw error;
    decoding.output.message(`cryoscope: ${path}: ${errorText(error)}`);
    return EXIT.unreadable;
  } finally {
    await file.close();
  }
}

/** Decodes one image. Nothing is written for what is no image, or can't be opened. */
async function decode(path: string, { pretty, keys, output }: Decoding, write: Write): Promise<ExitCode> {
  return withImageFile(path, keys, async (file) => {
    const problems: Problem[] = [];
    // More are never told one by one, and an attacker must not make the list long.
    const report = (problem: Problem): void => void (problems.length <= MOST_TOLD && problems.push(problem));
    let exit: ExitCode = EXIT.done;
    const from = file.maybeSealed ? 0 : await decodeDirectly(file, pretty, write);
    if (from !== "done") {
      const { decodeOpened } = await import("./decode-opened.ts");
      exit = await decodeOpened(file, keys, { pretty, report, from }, write);
    }
    if (exit === EXIT.done) await write("\n");
    tell(output, path, problems);
    return exit === EXIT.done && problems.length > 0 ? EXIT.findings : exit;
  });
}

/** Gives "done", or the number of entries that could be printed without opening the image. */
async function decodeDirectly(file: ImageFile, pretty: boolean, write: Write): Promise<number | "done"> {
  const pieces = critDirect(file.name, file.source, pretty);
  for (;;) {
    const { value, done } = await pieces.next();
    if (done) return value;
    await write(value);
  }
}

function tell(output: CliOutput, path: string, problems: readonly Problem[]): void {
  for (const { message, offset } of problems.slice(0, MOST_TOLD))
    output.message(`cryoscope: ${path}: ${message}${offset === undefined ? "" : ` (at byte ${offset})`}`);
  if (problems.length > MOST_TOLD) output.message(`cryoscope: ${path}: there are more problems.`);
}
