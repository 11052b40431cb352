/** Where in the evidence something went wrong. Offsets are bytes from the start of `file`. */
export interface Place {
  readonly file?: string;
  readonly offset?: number;
}

export interface ErrorDetails extends Place {
  /** What the person can do now, one sentence. */
  readonly next?: string;
  readonly cause?: unknown;
}

/**
 * The one error class of the project. Made by named factories only (`bytesErrors.truncated(...)`), never by hand,
 * so that a code always means the same thing.
 */
export class CryoscopeError extends Error {
  override readonly name = "CryoscopeError";
  readonly file: string | undefined;
  readonly offset: number | undefined;
  readonly next: string | undefined;

  constructor(
    /** Stable, for tests and bug reports: `bytes.truncated`. */
    readonly code: string,
    /** One sentence for a person, without the place. */
    readonly sentence: string,
    details: ErrorDetails = {},
  ) {
    super(withPlace(sentence, details), details.cause === undefined ? undefined : { cause: details.cause });
    this.file = details.file;
    this.offset = details.offset;
    this.next = details.next;
  }

  /** By its shape: the engines are a bundle of their own, with their own copy of this class. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return (
      value instanceof Error && value.name === "CryoscopeError" && "code" in value && "sentence" in value
    );
  }
}

export function cryoscopeError(code: string, sentence: string, details?: ErrorDetails): CryoscopeError {
  return new CryoscopeError(code, sentence, details);
}

/** What makes the errors of a folder whose errors all say what to do next: `code` goes behind the folder's name. */
export const errorsOf =
  (folder: string) =>
  (code: string, sentence: string, next: string, details: ErrorDetails = {}): CryoscopeError =>
    cryoscopeError(`${folder}.${code}`, sentence, { next, ...details });

/** Gives `error` back when it is ours, else wraps it, so that every catch can speak of code and sentence. */
export function toCryoscopeError(error: unknown, details?: ErrorDetails): CryoscopeError {
  if (error instanceof CryoscopeError) return error;
  const sentence = error instanceof Error ? error.message : String(error);
  return new CryoscopeError("unexpected", sentence, { ...details, cause: error });
}

/** Whether the work ended because its AbortSignal said so. */
export function isCancelled(error: unknown): boolean {
  return error instanceof Error && (error.name === "AbortError" || error.name === "Canceled");
}

function withPlace(sentence: string, { file, offset }: Place): string {
  const parts = [file, offset === undefined ? undefined : `at byte ${offset}`].filter(
    (part) => part !== undefined,
  );
  return parts.length === 0 ? sentence : `${sentence} (${parts.join(", ")})`;
}
