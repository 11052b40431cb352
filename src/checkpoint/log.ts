import type { FileTree } from "../archive/index.ts";
import { pacer } from "./pace.ts";
import type { Layer } from "./layers.ts";
import { orReport } from "./problems.ts";
import type { Report } from "./problems.ts";
import { findSidecar } from "./sidecar.ts";

/** A line of CRIU's log. */
export interface LogLine {
  /** Counted from 1. */
  readonly line: number;
  /** Where it begins in the file, bytes. */
  readonly offset: number;
  /** Seconds since CRIU started. */
  readonly seconds: number | undefined;
  readonly severity: "error" | "warning" | "info";
  /** Where in CRIU's source it was written, of warnings and errors: `criu/files.c:94`. */
  readonly source: string | undefined;
  /** Without time and severity. */
  readonly text: string;
}

/** A log among the files of a checkpoint, with what deserves a look. */
export interface LogSummary {
  /** Path in the checkpoint's tree. */
  readonly path: string;
  readonly size: number;
  readonly lines: number;
  /** Warnings and errors in their order, the first thousand. */
  readonly notable: readonly LogLine[];
  readonly warnings: number;
  readonly errors: number;
}

/** Names that CRIU and the engines give its logs. */
const LOGS = [
  "dump.log",
  "pre-dump.log",
  "restore.log",
  "criu-dump.log",
  "criu.log",
  "work/dump.log",
  "criu.work/dump.log",
];
const CHUNK = 256 * 1024;
/** A line that is longer is cut: it is no line of CRIU's. */
const MAX_LINE = 16 * 1024;
const MAX_NOTABLE = 1000;

const NEWLINE = 0x0a;

/** `(00.001945) 17: Error (criu/util.c:1534): message`; the time and the pid may be missing. */
const LINE =
  /^(?:\((\d{1,9}\.\d{1,9})\)\s*)?(?:([^(]{0,64}?):\s+)?(?:(Error|Warn)\s+\(([^()]{1,200})\):\s*)?(.*)$/s;

/** The logs that lie among the images or beside their folder. Read in pieces: a log may be gigabytes. */
export async function readLogs(
  layer: Layer,
  report: Report,
  signal?: AbortSignal,
): Promise<readonly LogSummary[]> {
  const summaries: LogSummary[] = [];
  for (const name of LOGS) {
    const path = await findSidecar(layer.tree, layer.folder, name, 1);
    if (path === undefined) continue;
    const summary = await orReport(report, path, undefined, () => summarise(layer.tree, path, signal));
    if (summary) summaries.push(summary);
  }
  return summaries;
}

async function summarise(tree: FileTree, path: string, signal: AbortSignal | undefined): Promise<LogSummary> {
  const notable: LogLine[] = [];
  let [lines, warnings, errors] = [0, 0, 0];
  for await (const line of readLog(tree, path, signal)) {
    lines = line.line;
    if (line.severity === "info") continue;
    if (line.severity === "warning") warnings++;
    else errors++;
    if (notable.length < MAX_NOTABLE) notable.push(line);
  }
  const size = (await tree.stat(path))?.size ?? 0;
  return { path, size, lines, notable, warnings, errors };
}

/** The lines of a log, one after the other. Throws what reading the file throws. */
async function* readLog(tree: FileTree, path: string, signal?: AbortSignal): AsyncGenerator<LogLine> {
  const source = await tree.open(path);
  const pause = pacer();
  const text = new TextDecoder();
  try {
    let number = 0;
    let lineStart = 0;
    let kept: Uint8Array[] = [];
    let keptLength = 0;
    const keep = (bytes: Uint8Array): void => {
      const room = bytes.subarray(0, Math.max(0, MAX_LINE - keptLength));
      if (room.length > 0) kept.push(room);
      keptLength += room.length;
    };
    const take = (): LogLine => {
      const line = parseLine(text.decode(Buffer.concat(kept)), ++number, lineStart);
      kept = [];
      keptLength = 0;
      return line;
    };
    for (let at = 0; at < source.size;) {
      signal?.throwIfAborted();
      const bytes = await source.read(at, Math.min(CHUNK, source.size - at));
      if (bytes.length === 0) break;
      let from = 0;
      for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
        keep(bytes.subarray(from, end));
        yield take();
        from = end + 1;
        lineStart = at + from;
        await pause();
      }
      keep(bytes.subarray(from));
      at += bytes.length;
    }
    if (keptLength > 0) yield take();
  } finally {
    await source.close?.();
  }
}

function parseLine(raw: string, line: number, offset: number): LogLine {
  const match = LINE.exec(raw);
  const [, seconds, prefix, word, source, rest] = match ?? [];
  const text = rest ?? raw;
  return {
    line,
    offset,
    seconds: seconds === undefined ? undefined : Number(seconds),
    severity: word === "Error" ? "error" : word === "Warn" ? "warning" : "info",
    source,
    text: prefix === undefined ? text : `${prefix}: ${text}`,
  };
}
