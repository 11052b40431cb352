import type { WorkerPattern } from "./pattern.ts";

/** Columns of `Job.pieces`, a row a piece. */
export const PIECE_COLUMNS = 4;
/** Columns of `Job.stretches`, a row a stretch. */
export const STRETCH_COLUMNS = 4;
/** In the place of a descriptor: zeros, and bytes that come with the job. */
export const FROM = { zeros: -1, attached: -2 } as const;

/** What a worker is asked: bytes to gather, and the stretches that they form. Places count from the begin of the job. */
export interface Job {
  readonly id: number;
  /** Rows of four: descriptor (or `FROM`), offset there, length, place. By place, without gaps in a stretch. */
  readonly pieces: Float64Array<ArrayBuffer>;
  /** Rows of four: `from`, `start`, `stop`, `end` of a `Stretch`. */
  readonly stretches: Float64Array<ArrayBuffer>;
  readonly attached: Uint8Array<ArrayBuffer> | undefined;
  /** Matches that are wanted at most. */
  readonly limit: number;
}

/** What workers are started with. */
export interface WorkerSetup {
  readonly pattern: WorkerPattern;
  /** Bytes of memory that a worker has for a job, or for a window of it. */
  readonly memory: number;
  /** Bytes around a match that are sent along, before and behind; 0 for none. `lines`: only the matches, a line each. */
  readonly context: number | "lines";
}

/** Columns of `JobResult.matches`. */
export const MATCH_COLUMNS = 4;

/** What a worker says once, when it can begin. */
export const READY = "ready";

/** What a worker answers. */
export interface JobResult {
  readonly id: number;
  /**
   * Rows of `MATCH_COLUMNS`: place, length, index of the stretch, index of the rule. For lines only those that
   * go on behind their stretch.
   */
  readonly matches: Float64Array<ArrayBuffer>;
  /** Context of the matches, one after the other: as many bytes as stand in `contexts`, in rows of three. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Rows of three: bytes before the match, of the match, behind it. */
  readonly contexts: Uint32Array<ArrayBuffer>;
  /** How many matches. */
  readonly count: number;
  readonly error: string | undefined;
}
