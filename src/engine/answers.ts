import { brief, engineErrors } from "./errors.ts";
import { at, text } from "./json.ts";
import type { CryoscopeError } from "../bytes/index.ts";
import type { WholeAnswer } from "./transport.ts";

/** How an engine's refusal reads, and which error it means. Statuses vary between versions, so mostly the words count. */
export interface RefusalRule {
  readonly status?: number;
  readonly message?: RegExp;
  error(context: RefusalContext): CryoscopeError;
}

export interface RefusalContext {
  readonly status: number;
  /** The engine's own words. */
  readonly message: string;
  readonly container: string;
  readonly checkpoint: string;
  /** The engine's version. */
  readonly version: string;
  readonly cause: unknown;
}

/** The first rule that fits makes the error; without one it is `engine.refused` with the engine's words. */
export function refusal(rules: readonly RefusalRule[], context: RefusalContext): CryoscopeError {
  const rule = rules.find(
    ({ status, message }) =>
      (status === undefined || status === context.status) &&
      (message === undefined || message.test(context.message)),
  );
  return rule?.error(context) ?? engineErrors.refused(context.status, context.message, context.cause);
}

/** The words of an answer that says no: `message` (Docker), `cause` and `message` (libpod), or the bare text. */
export function refusalMessage({ content }: Pick<WholeAnswer, "content">): string {
  const words = text(at(content, "message")) || text(at(content, "cause")) || text(content);
  return words === "" ? "it gave no reason" : words;
}

export function shortId(id: string): string {
  return /^[0-9a-f]{64}$/.test(id) ? id.slice(0, 12) : brief(id);
}
