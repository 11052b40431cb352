import { closeSync, openSync, readSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { bytesErrors } from "../bytes/index.ts";
import { encodeErrors, encodeImage } from "../criu/index.ts";
import { parseCommandLine } from "./arguments.ts";
import { EXIT } from "./command.ts";
import type { RunCommand } from "./command.ts";
import { cliErrors } from "./errors.ts";

const OPTIONS = { output: { type: "string", short: "o" } } as const;

/** JSON that is read at most; all of it is in memory, as text and as values. */
const MAX_JSON = 256 << 20;
const CHUNK = 1 << 20;

/** `cryoscope encode JSON -o IMAGE`: crit's `encode`. The image appears whole or not at all. */
export const run: RunCommand = (args) => {
  const { values, operand } = parseCommandLine("encode", args, OPTIONS, "JSON");
  if (values.output === undefined) throw cliErrors.usage("-o IMAGE is missing.", "encode");
  writeWhole(values.output, encodeImage(readText(operand)));
  return Promise.resolve(EXIT.done);
};

/** The text of a file, or of standard input for `-`. Throws `bytes.unreadable` and `encode.tooLarge`. */
function readText(path: string): string {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    const descriptor = path === "-" ? 0 : openSync(path, "r");
    try {
      for (;;) {
        const chunk = new Uint8Array(CHUNK);
        const got = readSync(descriptor, chunk);
        if (got === 0) break;
        length += got;
        if (length > MAX_JSON) break;
        chunks.push(chunk.subarray(0, got));
      }
    } finally {
      if (descriptor !== 0) closeSync(descriptor);
    }
  } catch (cause) {
    throw bytesErrors.unreadable(path, cause);
  }
  if (length > MAX_JSON) throw encodeErrors.tooLarge(MAX_JSON);
  return Buffer.concat(chunks).toString("utf8");
}

/** Writes a file beside `path` and puts it in its place when all is there. Throws `cli.unwritable`. */
function writeWhole(path: string, pieces: Iterable<Uint8Array>): void {
  const bytes = Buffer.concat([...pieces]);
  const draft = `${path}.${process.pid}.part`;
  try {
    writeFileSync(draft, bytes, { flag: "wx" });
    renameSync(draft, path);
  } catch (cause) {
    rmSync(draft, { force: true });
    throw cliErrors.unwritable(path, cause);
  }
}
