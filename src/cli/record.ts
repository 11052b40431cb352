import { readFile, stat, writeFile } from "node:fs/promises";
import type { Snapshot } from "../engine/index.ts";
import type { Engines } from "./engine-choice.ts";
import { cliErrors } from "./errors.ts";

const MAX_RECORD = 1024 * 1024;

/** The record that `checkpoint` wrote beside the file, with the file where it is now. */
export async function readRecord(engines: Engines, file: string): Promise<Snapshot | undefined> {
  const record = `${file}.json`;
  const size = await stat(record).then(
    (found) => found.size,
    () => undefined,
  );
  if (size === undefined || size > MAX_RECORD) return undefined;
  const snapshot = engines.parseSnapshot(parseJson(await readFile(record, "utf8")));
  const { checkpoint } = snapshot;
  if (checkpoint.kind !== "archive" && checkpoint.kind !== "folder") return snapshot;
  return { ...snapshot, checkpoint: { ...checkpoint, path: file } };
}

/** Writes the record beside the file, for its owner alone, and gives its path. Throws `cli.unwritable`. */
export async function writeRecord(file: string, snapshot: Snapshot): Promise<string> {
  const record = `${file}.json`;
  await writeFile(record, `${JSON.stringify(snapshot, undefined, 2)}\n`, { mode: 0o600 }).catch(
    (cause: unknown) => {
      throw cliErrors.unwritable(record, cause);
    },
  );
  return record;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
