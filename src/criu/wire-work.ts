// One run of the decoder of messages (`wire.ts`): what it knows, and the problems it notes.
import { criuProblems } from "./errors.ts";
import type { FieldNode, Problem } from "./model.ts";
import type { SchemaIndex } from "./schema-index.ts";
import type { MessageSchema } from "./schema.ts";
import type { FieldKind, LazyMessage } from "./wire-nodes.ts";
import type { WireReader } from "./wire-reader.ts";

/** Problems of one entry that are kept: every field of a broken message may have one. */
export const MAX_PROBLEMS = 256;

export interface DecodeContext {
  readonly schemas: SchemaIndex;
  /** Where `bytes[0]` lies in the image: spans count from the start of the file. */
  readonly at: number;
  readonly file: string;
}

/**
 * What becomes of the messages in a message. "kept": decoded with it. "checked": decoded for their problems, and again when
 * they are looked at. "skipped": decoded when they are looked at; their problems are known.
 */
export type Nested = "kept" | "checked" | "skipped";

export interface LastLooked {
  message?: LazyMessage;
  fields: readonly FieldNode[];
}

/** One run of the decoder over one entry. */
export interface Work extends DecodeContext {
  readonly reader: WireReader;
  readonly problems: Problem[];
  /** Bytes of memory that the nodes still to be made may take. */
  budget: number;
  /** Kinds of unknown fields, by their tags. */
  readonly kinds: Map<number, FieldKind>;
  nested: Nested | "checking";
  readonly last: LastLooked;
}

/** A message being read. Positions here and in tags count from the start of the decoded bytes. */
export interface Frame {
  readonly work: Work;
  readonly end: number;
  readonly schema: MessageSchema | undefined;
  readonly depth: number;
  readonly fields: FieldNode[];
  /** How many elements each repeated field has so far. */
  readonly counts: Map<number, number>;
  /** Bytes of memory that its own fields take, or would. */
  cost: number;
}

export function note({ problems }: Work, problem: Problem): void {
  if (problems.length < MAX_PROBLEMS) problems.push(problem);
}

/** Said once: every message that is still open runs into the end of the budget. */
export function noteTooMany(work: Work, offset: number): void {
  if (!work.problems.some(({ code }) => code === "criu.tooManyFields"))
    note(work, criuProblems.tooManyFields({ file: work.file, offset }));
}
