/** A piece of a value that is shown as a row of its own: a member of a C structure, an instruction. */
export interface Part {
  /** `si_pid`; an instruction has its number: `3`. */
  readonly name: string;
  readonly value: string;
  /** Bytes `[start, end)` of the value. */
  readonly start: number;
  readonly end: number;
  readonly doc: string;
}
