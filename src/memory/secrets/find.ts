import type { CheckpointMemory } from "../checkpoint-memory.ts";
import { searchMemory } from "../search/search.ts";
import type { MemoryMatch } from "../search/search.ts";
import type { ScanOptions } from "../search/scan.ts";
import { SECRET_RULES } from "./rules.ts";
import type { SecretRule } from "./rules.ts";

/** Something in memory that looks like a secret. */
export interface Secret {
  readonly rule: SecretRule;
  readonly memory: CheckpointMemory;
  readonly match: MemoryMatch;
  /** What the rule says is secret in the match. Never show it before it is asked for; see `masked`. */
  readonly value: string;
}

export interface SecretsOptions extends ScanOptions {
  readonly limit?: number;
}

/** Looks for everything that a rule knows, in the memory of all processes. */
export async function* findSecrets(
  memories: readonly CheckpointMemory[],
  options: SecretsOptions = {},
): AsyncGenerator<Secret> {
  const expressions = SECRET_RULES.map(({ regex }) => new RegExp(regex));
  // With what stands around, for rules that look at it.
  for await (const step of searchMemory(
    memories,
    { kind: "rules", rules: SECRET_RULES },
    { ...options, context: 1 },
  ))
    for (const match of step.matches()) {
      const rule = SECRET_RULES[match.rule];
      const text = await textOf(match);
      if (rule === undefined) continue;
      const found = expressions[match.rule]?.exec(text.around);
      const value = found?.[rule.group ?? 0] ?? text.match;
      if (isPlausible(rule, value)) yield { rule, memory: step.memory, match, value };
    }
}

/** The match with a byte before and behind it, as Latin-1. Long ones come without their end. */
async function textOf({ before, bytes, after, length, space, address }: MemoryMatch) {
  const latin1 = (part: Uint8Array): string => Buffer.from(part).toString("latin1");
  const whole = bytes.length === length ? bytes : await space.readBytes(address, length);
  return { match: latin1(whole), around: latin1(before) + latin1(whole) + latin1(after) };
}

/** What a regular expression can't tell: whether a token's header is what it must be. */
function isPlausible({ id }: SecretRule, value: string): boolean {
  if (id !== "jwt") return true;
  try {
    const header: unknown = JSON.parse(Buffer.from(value.split(".")[0] ?? "", "base64url").toString("utf8"));
    return typeof header === "object" && header !== null && "alg" in header;
  } catch {
    return false;
  }
}

/** Enough of a secret to know it again, and too little to use it: its kind's prefix, and its length. */
export function masked({ rule, value }: Pick<Secret, "rule" | "value">): string {
  if (rule.isPublic === true) return value;
  const known = value.startsWith("-----BEGIN ") ? (/^-----BEGIN [A-Z ]+-----/.exec(value)?.[0] ?? "") : "";
  const shown = known === "" && value.startsWith(rule.anchor) ? rule.anchor : known;
  return `${shown}… (${value.length} characters)`;
}
