import { brief } from "./errors.ts";
import { CRIU_CAUSES } from "./criu-causes.ts";
import type { CriuCause } from "./criu-causes.ts";

/** Why CRIU failed, in words. */
export interface CriuFailure {
  /** A clause that can follow "CRIU could not freeze the container: ", with its full stop. */
  readonly sentence: string;
  readonly next: string;
  /** `code` of the known cause; undefined when none is known. */
  readonly cause: string | undefined;
  /** The telling line of CRIU's log, without time stamps, when one was found. */
  readonly line: string | undefined;
  /** 1-based number of that line within the text that was read. */
  readonly lineNumber: number | undefined;
  /** The log's path, when it was read from a file. */
  readonly log: string | undefined;
}

/** A line of a CRIU log that says what went wrong. */
export interface ErrorLine {
  readonly text: string;
  /** 1-based. */
  readonly number: number;
}

/** Also in the logs of success, wherever CRIU may not raise its own limits. */
const HARMLESS = /Can't setup RLIMIT_NOFILE/;

/** Lines that end or accompany every failure and say nothing about why. */
const CONSEQUENCES: readonly RegExp[] = [
  /(Dumping|Restoring) FAILED/,
  /\(pid: \d+\) failed with -?\d+/,
  /Can't open \d+'s mapfile link/,
  /Unable to (un)?freeze|Unlock network failed/,
  /\d+ killed by signal|exited, status=/,
  // Its helper for cgroups ends when the restore does.
  /cgroupd: recv req error/,
];

/**
 * The `Error (file.c:line): …` lines of a log, in its order, without those that accompany every failure (unless
 * nothing else is there). At most 100 of them.
 */
export function errorLines(log: string): readonly ErrorLine[] {
  const errors = linesOf(log, /\bError \([\w./-]+:\d+\)/);
  const telling = errors.filter(({ text }) => !CONSEQUENCES.some((pattern) => pattern.test(text)));
  return (telling.length > 0 ? telling : errors).slice(0, 100);
}

function linesOf(log: string, kind: RegExp): readonly ErrorLine[] {
  const found: ErrorLine[] = [];
  let number = 0;
  for (const line of log.split("\n")) {
    number++;
    if (line.length > 20_000 || HARMLESS.test(line) || !kind.test(line)) continue;
    // (00.012345) or (00.012345) 1234: stand before the message at higher verbosity.
    found.push({ text: line.replace(/^\([\d.]+\)\s*/, "").trim(), number });
    if (found.length >= 1000) break;
  }
  return found;
}

/**
 * Why CRIU failed: the first error line that a known cause explains, else the first one that isn't a mere
 * consequence. Some causes are but a warning in the log, before an error that tells nothing. Undefined when the log
 * holds no error.
 */
export function explainCriuLog(log: string, path?: string): CriuFailure | undefined {
  const lines = errorLines(log);
  if (lines.length === 0) return undefined;
  const known = firstKnown(lines) ?? firstKnown(linesOf(log, /\bWarn\s+\([\w./-]+:\d+\)/));
  const line = known?.line ?? lines[0];
  if (line === undefined) return undefined;
  return {
    sentence: known?.cause.sentence ?? "its log says why.",
    next: known?.cause.next ?? "Look CRIU's message up, or change what the container does there.",
    cause: known?.cause.code,
    line: brief(line.text),
    lineNumber: line.number,
    log: path,
  };
}

function firstKnown(
  lines: readonly ErrorLine[],
): { readonly line: ErrorLine; readonly cause: CriuCause } | undefined {
  for (const line of lines) {
    const cause = CRIU_CAUSES.find(({ pattern }) => pattern.test(line.text));
    if (cause) return { line, cause };
  }
  return undefined;
}

/** What can be said when the log can't be read from here: where it is. */
export function unexplained(log: string | undefined): CriuFailure {
  const command = log === undefined ? "" : `: sudo grep Error ${brief(log)}`;
  return {
    sentence: "the reason is in its log on the engine's machine.",
    next: `Read it there${command} (some engines keep it only while the container runs).`,
    cause: undefined,
    line: undefined,
    lineNumber: undefined,
    log: undefined,
  };
}
