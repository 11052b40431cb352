import { tokensOf } from "./rule-tokens.ts";
import type { Token } from "./rule-tokens.ts";

/** A pattern of a rule: `$a = "text" nocase private`. */
export interface PatternPart {
  readonly identifier: Token;
  /** The text, expression or bytes behind `=`, and what is said of them. */
  readonly value: Token;
  readonly modifiers: readonly Token[];
}

/** Where in its file a rule is. */
export interface RulePart {
  readonly name: string;
  readonly isGlobal: boolean;
  readonly start: number;
  readonly end: number;
  readonly patterns: readonly PatternPart[];
  readonly condition: readonly Token[];
}

export interface FileParts {
  readonly modules: ReadonlySet<string>;
  readonly rules: readonly RulePart[];
}

/** The rules of a file that YARA-X compiles. Undefined where they can't be told apart. */
export function partsOfFile(text: string): FileParts | undefined {
  const tokens = tokensOf(text);
  if (tokens === undefined) return undefined;
  const rules: RulePart[] = [];
  const modules = new Set<string>();
  for (let at = 0; at < tokens.length;) {
    if (tokens[at]?.text === "import") {
      modules.add(tokens[at + 1]?.text.replaceAll('"', "") ?? "");
      at += 2;
      continue;
    }
    const rule = ruleAt(tokens, at);
    if (rule === undefined) return undefined;
    rules.push(rule.part);
    at = rule.next;
  }
  return { modules, rules };
}

const MODIFIERS: ReadonlySet<string> = new Set(["private", "global"]);

function ruleAt(
  tokens: readonly Token[],
  from: number,
): { readonly part: RulePart; readonly next: number } | undefined {
  let at = from;
  while (MODIFIERS.has(tokens[at]?.text ?? "")) at++;
  const isGlobal = tokens.slice(from, at).some(({ text }) => text === "global");
  const name = tokens[at + 1];
  const first = tokens[from];
  if (tokens[at]?.text !== "rule" || name?.kind !== "word" || first === undefined) return undefined;
  const open = indexOf(tokens, "{", at);
  const condition = sectionAt(tokens, "condition", open);
  const close = indexOf(tokens, "}", condition);
  const last = tokens[close];
  if (open < 0 || condition < 0 || last === undefined) return undefined;
  const strings = sectionAt(tokens.slice(0, condition), "strings", open);
  const patterns = strings < 0 ? [] : patternsOf(tokens.slice(strings + 2, condition));
  if (patterns === undefined) return undefined;
  const part = {
    name: name.text,
    isGlobal,
    start: first.start,
    end: last.end,
    patterns,
    condition: tokens.slice(condition + 2, close),
  };
  return { part, next: close + 1 };
}

const indexOf = (tokens: readonly Token[], sign: string, from: number): number =>
  from < 0 ? -1 : tokens.findIndex(({ text }, index) => index >= from && text === sign);

/** Where a section begins: its name with a colon. A tag or the name of a meta value has none. */
const sectionAt = (tokens: readonly Token[], name: string, from: number): number =>
  from < 0
    ? -1
    : tokens.findIndex(
        ({ text, kind }, index) =>
          index > from && kind === "word" && text === name && tokens[index + 1]?.text === ":",
      );

const VALUES: ReadonlySet<string> = new Set(["text", "regex", "hex"]);

function patternsOf(tokens: readonly Token[]): readonly PatternPart[] | undefined {
  const patterns: PatternPart[] = [];
  for (let at = 0; at < tokens.length;) {
    const [identifier, equals, value] = tokens.slice(at, at + 3);
    if (identifier?.kind !== "pattern" || equals?.text !== "=" || !VALUES.has(value?.kind ?? ""))
      return undefined;
    at += 3;
    const from = at;
    while (at < tokens.length && tokens[at]?.kind !== "pattern") at++;
    if (value) patterns.push({ identifier, value, modifiers: tokens.slice(from, at) });
  }
  return patterns;
}
