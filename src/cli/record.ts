import { readFile, stat } from "node:fs/promises";
import type { Snapshot } from "../engine/index.ts";
import type { Engines } from "./engine-choice.ts";

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

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
