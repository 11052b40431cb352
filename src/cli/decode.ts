import { dirname } from "node:path";
import { critJson } from "../criu/index.ts";
import type { Image, Problem } from "../criu/index.ts";
import type { CryoscopeError } from "../bytes/index.ts";
import { sealErrors } from "../seal/index.ts";
import { KEY_OPTIONS, parseCommandLine } from "./arguments.ts";
import { EXIT } from "./command.ts";
import type { RunCommand } from "./command.ts";
import { cipherPath, withImage } from "./image.ts";
import type { OpenedImage } from "./image.ts";
import type { CliOutput } from "./output.ts";

const OPTIONS = { ...KEY_OPTIONS, json: { type: "boolean" }, pretty: { type: "boolean" } } as const;

/** Problems that leave nothing to decode. */
const NO_IMAGE = new Set(["criu.empty", "criu.shortHeader", "criu.noMagic"]);
/** Problems told one by one; a damaged image can have very many. */
const MOST_TOLD = 20;

/** `cryoscope decode IMAGE`: crit's JSON. What is broken is said on standard error, and the rest is printed. */
export const run: RunCommand = async (args, output) => {
  const { values, operand: path } = parseCommandLine("decode", args, OPTIONS, "IMAGE");
  return withImage(path, values, async (opened) => {
    const { image } = opened;
    if (hasProblem(image, (code) => code === "criu.sealed")) throw sealedError(path, opened);
    if (hasProblem(image, (code) => NO_IMAGE.has(code))) {
      tell(output, path, image.problems);
      return EXIT.unreadable;
    }
    const problems = [...image.problems];
    const watched = watchEntries(image, problems);
    for await (const text of critJson(watched, { pretty: values.pretty === true })) await output.write(text);
    await output.write("\n");
    tell(output, path, problems);
    return problems.length === 0 ? EXIT.done : EXIT.findings;
  });
};

function hasProblem({ problems }: Image, test: (code: string) => boolean): boolean {
  return problems.some(({ code }) => test(code));
}

function sealedError(path: string, { hasCipher }: OpenedImage): CryoscopeError {
  return hasCipher ? sealErrors.keyNeeded(cipherPath(path)) : sealErrors.keysLost(dirname(path));
}

/** The same image, whose entries leave their problems in `problems` as they are read. */
function watchEntries(image: Image, problems: Problem[]): Image {
  return {
    ...image,
    async *entries(from, to) {
      for await (const entry of image.entries(from, to)) {
        // More are never told one by one, and an attacker must not make the list long.
        if (problems.length <= MOST_TOLD) problems.push(...entry.problems.slice(0, MOST_TOLD + 1));
        yield entry;
      }
    },
  };
}

function tell(output: CliOutput, path: string, problems: readonly Problem[]): void {
  for (const { message, offset } of problems.slice(0, MOST_TOLD))
    output.message(`cryoscope: ${path}: ${message}${offset === undefined ? "" : ` (at byte ${offset})`}`);
  if (problems.length > MOST_TOLD) output.message(`cryoscope: ${path}: there are more problems.`);
}
