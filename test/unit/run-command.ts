// A command of the command line, run in this process, and the JSON Schemas that its documents are checked against.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Ajv2020 } from "ajv/dist/2020.js";

/** How a command ended, what it printed, and what it said beside. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** What it printed, where that need not be text. */
  readonly bytes: Buffer;
}

/** Runs `cryoscope WORDS…`; with `toTerminal` as if standard output were a terminal. */
export async function runCommand(words: readonly string[], { toTerminal = false } = {}): Promise<Ran> {
  // Mocha loads tests in another way than commands load their files, and a module loaded in two ways is there twice.
  const { COMMANDS } = await import("../../src/cli/commands.ts");
  const { runCli } = await import("../../src/cli/run.ts");
  const out: Buffer[] = [];
  let err = "";
  const code = await runCli(COMMANDS, words, {
    write: (part) => {
      out.push(Buffer.from(part));
      return Promise.resolve();
    },
    message: (line) => {
      err += `${line}\n`;
    },
    toTerminal,
  });
  const bytes = Buffer.concat(out);
  return { code, out: bytes.toString(), err, bytes };
}

const compiled = new Map<string, ReturnType<Ajv2020["compile"]>>();

/** Fails unless `document` is as `docs/NAME.schema.json` says. */
export async function assertFitsSchema(name: string, document: unknown): Promise<void> {
  let validate = compiled.get(name);
  if (validate === undefined) {
    const file = fileURLToPath(new URL(`../../docs/${name}.schema.json`, import.meta.url));
    const schema: unknown = JSON.parse(await readFile(file, "utf8"));
    assert(typeof schema === "object" && schema !== null);
    validate = new Ajv2020({ allErrors: true, formats: { "date-time": true } }).compile(schema);
    compiled.set(name, validate);
  }
  assert(validate(document), JSON.stringify(validate.errors?.slice(0, 10), undefined, 1));
}
