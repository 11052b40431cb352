import { decodeText } from "../../bytes/index.ts";
import { pageSizeOf } from "../../criu/index.ts";
import type { MessageMap } from "../../criu/index.ts";
import { pathInLayer } from "../layers.ts";
import type { Layer } from "../layers.ts";
import { readPages } from "../pages.ts";
import type { Report } from "../problems.ts";

/** More than the kernel gives a program at its start (a quarter of its stack, 6 MiB at most). */
const MAX_ENVIRONMENT = 6 * 1024 * 1024;

export interface EnvironmentVariable {
  readonly name: string;
  /** Undefined for an entry without `=`, which programs may well leave there. */
  readonly value: string | undefined;
}

export interface Environment {
  /** As /proc/PID/environ gives it; shorter where pages are missing. */
  readonly bytes: Uint8Array;
  readonly variables: readonly EnvironmentVariable[];
}

export const NO_ENVIRONMENT: Environment = { bytes: new Uint8Array(0), variables: [] };

/** Reads `[mm_env_start, mm_env_end)` from the process's memory, as far as its pages are there. */
export async function readEnvironment(
  layers: readonly [Layer, ...Layer[]],
  pid: number,
  mm: Omit<MessageMap["mm_entry"], "vmas">,
  report: Report,
): Promise<Environment> {
  const size = mm.mm_env_end - mm.mm_env_start;
  if (size <= 0n) return NO_ENVIRONMENT;
  const length = Number(size < BigInt(MAX_ENVIRONMENT) ? size : BigInt(MAX_ENVIRONMENT));
  const pieces = await readPages(layers, String(pid), mm.mm_env_start, length, pageSizeOf(mm), report);
  const missing = pieces.findIndex(({ bytes }) => bytes === undefined);
  if (missing >= 0)
    report({
      code: "checkpoint.environmentMissing",
      message: `The environment of process ${pid} is in memory that is not among the pages here.`,
      severity: "warning",
      file: pathInLayer(layers[0], `pagemap-${pid}.img`),
    });
  const there = missing < 0 ? pieces : pieces.slice(0, missing);
  const bytes = Buffer.concat(there.flatMap((piece) => (piece.bytes === undefined ? [] : [piece.bytes])));
  return { bytes, variables: variablesOf(bytes) };
}

function variablesOf(bytes: Uint8Array): readonly EnvironmentVariable[] {
  return decodeText(bytes)
    .split("\0")
    .filter((entry) => entry !== "")
    .map((entry) => {
      const at = entry.indexOf("=");
      return at < 0
        ? { name: entry, value: undefined }
        : { name: entry.slice(0, at), value: entry.slice(at + 1) };
    });
}
