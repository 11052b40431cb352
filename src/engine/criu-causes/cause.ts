/** A failure of CRIU that is known: how its log line reads, what it means, what to do. */
export interface CriuCause {
  readonly code: string;
  /** CRIU's file that prints the line. */
  readonly source: string;
  readonly pattern: RegExp;
  /** A clause with its full stop. */
  readonly sentence: string;
  readonly next: string;
}
