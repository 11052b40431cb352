import type { CheckpointMemory } from "../checkpoint-memory.ts";
import { searchMemory } from "../search/search.ts";
import type { MemoryMatch } from "../search/search.ts";
import type { ScanOptions } from "../search/scan.ts";
import { SECRET_RULES } from "./rules.ts";
import type { Confidence, SecretRule } from "./rules.ts";

/** Something in memory that looks like a secret. */
export interface Secret {
  readonly rule: SecretRule;
  /** The rule's, or `low` for what looks like an example out of a manual. */
  readonly confidence: Confidence;
  readonly memory: CheckpointMemory;
  readonly match: MemoryMatch;
  /** What the rule says is secret in the match. Never show it before it is asked for; see `masked`. */
  readonly value: string;
  /** What stands before it in the match, and is none: `DB_PASSWORD=`, `postgres://app:`. */
  readonly lead: string;
}

export interface SecretsOptions extends ScanOptions {
  readonly limit?: number;
}

/** Looks for everything that a rule knows, in the memory of all processes. */
export async function* findSecrets(
  memories: readonly CheckpointMemory[],
  options: SecretsOptions = {},
): AsyncGenerator<Secret> {
  const expressions = SECRET_RULES.map(({ regex }) => new RegExp(regex, "d"));
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
      const group = rule.group ?? 0;
      const value = found?.[group] ?? text.match;
      const [start = 0] = found?.indices?.[group] ?? [];
      const lead = found ? text.around.slice(found.index, Math.max(found.index, start)) : "";
      if (!isPlausible(rule, value)) continue;
      const confidence = isExample(rule, value, text.match) ? "low" : rule.confidence;
      yield { rule, confidence, memory: step.memory, match, value, lead };
    }
}

/** What manuals and tests write for a password, and names that belong to nobody (RFC 2606). */
const EXAMPLE_VALUE = /^(?:.{1,3}|pass(?:w(?:or)?d)?|pwd|secret|user(?:name)?|changeme|example|\*+|x+)$/i;
const EXAMPLE_HOST = /@(?:[\w.-]*\.)?(?:example(?:\.(?:com|org|net))?|invalid|test)(?![\w.-])/i;

/** Libraries carry many URLs of their documentation with them. */
const isExample = ({ id }: SecretRule, value: string, match: string): boolean =>
  id === "url-password" && (EXAMPLE_VALUE.test(value) || EXAMPLE_HOST.test(match));

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

/** A variable's name has so much; more of a line is no name. */
const MAX_LEAD = 80;

/** Enough of a secret to know it again, and too little to use it: what stands before it, its kind's prefix, its length. */
export function masked({ rule, value, lead }: Pick<Secret, "rule" | "value" | "lead">): string {
  if (rule.isPublic === true) return value;
  const known = value.startsWith("-----BEGIN ") ? (/^-----BEGIN [A-Z ]+-----/.exec(value)?.[0] ?? "") : "";
  const shown = known === "" && value.startsWith(rule.anchor) ? rule.anchor : known;
  return `${lead.slice(0, MAX_LEAD)}${shown}… (${value.length} characters)`;
}
