import { basename, join } from "node:path";
import { critDirect, critPieces } from "../criu/index.ts";
import type { CritOptions, Image, Problem } from "../criu/index.ts";
import { CryoscopeError } from "../bytes/index.ts";
import { KEY_OPTIONS, parseWords } from "./arguments.ts";
import { EXIT } from "./command.ts";
import type { ExitCode, RunCommand } from "./command.ts";
import { cliErrors } from "./errors.ts";
import { withImageFile } from "./image.ts";
import type { ImageFile, OpenedImage } from "./image.ts";
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

/** Problems that leave nothing to decode. */
const NO_IMAGE = new Set(["criu.empty", "criu.shortHeader", "criu.noMagic"]);
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
async function decode(path: string, decoding: Decoding, write: Write): Promise<ExitCode> {
  const { pretty, keys, output } = decoding;
  return withImageFile(path, keys, async (file) => {
    const problems: Problem[] = [];
    // More are never told one by one, and an attacker must not make the list long.
    const report = (problem: Problem): void => void (problems.length <= MOST_TOLD && problems.push(problem));
    if (!(await decodeDirectly(file, { pretty, report }, write))) {
      const exit = await file.open((opened) => decodeOpened(path, opened, decoding, report, write));
      if (exit !== EXIT.done) return exit;
    }
    await write("\n");
    tell(output, path, problems);
    return problems.length === 0 ? EXIT.done : EXIT.findings;
  });
}

/** Whether the image could be decoded without opening it. If not, nothing was written. */
async function decodeDirectly(
  { name, source, maybeSealed }: ImageFile,
  options: CritOptions,
  write: Write,
): Promise<boolean> {
  if (maybeSealed) return false;
  const pieces = critDirect(name, source, options);
  for (;;) {
    const { value, done } = await pieces.next();
    if (done) return value;
    await write(value);
  }
}

async function decodeOpened(
  path: string,
  { image, hasCipher }: OpenedImage,
  { pretty, output }: Decoding,
  report: (problem: Problem) => void,
  write: Write,
): Promise<ExitCode> {
  if (hasProblem(image, (code) => code === "criu.sealed")) {
    const { sealedError } = await import("./layer.ts");
    throw sealedError(path, hasCipher);
  }
  if (hasProblem(image, (code) => NO_IMAGE.has(code))) {
    tell(output, path, image.problems);
    return EXIT.unreadable;
  }
  image.problems.forEach(report);
  for await (const piece of critPieces(image, { pretty, report })) await write(piece);
  return EXIT.done;
}

function hasProblem({ problems }: Image, test: (code: string) => boolean): boolean {
  return problems.some(({ code }) => test(code));
}

function tell(output: CliOutput, path: string, problems: readonly Problem[]): void {
  for (const { message, offset } of problems.slice(0, MOST_TOLD))
    output.message(`cryoscope: ${path}: ${message}${offset === undefined ? "" : ` (at byte ${offset})`}`);
  if (problems.length > MOST_TOLD) output.message(`cryoscope: ${path}: there are more problems.`);
}
