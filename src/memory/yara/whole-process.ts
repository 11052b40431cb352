// A process is many regions, and YARA-X in WebAssembly scans one buffer. So a rule is asked in two steps: where its
// patterns are, region by region; then, once for the process, its own condition over a buffer in which a sign of its own
// stands for each place of a pattern. That is exact where a condition asks which patterns there are and how many, as most
// do. One that asks where they are, or of the bytes themselves, is asked of each region alone.
import type { RuleFile } from "./messages.ts";
import { partsOfFile } from "./rule-parts.ts";
import type { FileParts, PatternPart, RulePart } from "./rule-parts.ts";
import type { Token } from "./rule-tokens.ts";

/** A rule that is asked of whole processes. */
export interface WholeRule {
  readonly namespace: string;
  readonly name: string;
  /** Its condition asks how often a pattern was found (`#a`), not only whether. */
  readonly counts: boolean;
  readonly patterns: readonly {
    /** `$a`; undefined for a private one. */
    readonly identifier: string | undefined;
    /** What stands for it. */
    readonly sign: string;
  }[];
}

export interface SplitRules {
  /** Rules that are asked of each region. */
  readonly regional: readonly RuleFile[];
  /** Their names: `namespace:rule`. */
  readonly regionalNames: readonly string[];
  /**
   * Rules with any one pattern as their condition: number N is named `FINDS` and N, and means `whole[N]`; its pattern M is
   * named `$p` and M. YARA-X tells of the patterns alone that it found.
   */
  readonly finds: string;
  /** The rules with signs for patterns. */
  readonly conclusions: readonly RuleFile[];
  readonly whole: readonly WholeRule[];
}

export const FINDS = "cryoscope_finds_";
/** Bytes of a sign. */
const SIGN_SIZE = 10;

export const namespaceOf = (name: string): string =>
  name.replace(/^.*[\\/]/, "").replace(/\.[^.]*$/, "") || "default";

/** Splits rules that YARA-X compiles. With `eachRegion` all are regional. */
export function splitRules(files: readonly RuleFile[], eachRegion: boolean): SplitRules {
  const parts = files.map(({ text }) => (eachRegion ? undefined : partsOfFile(text)));
  const wholeOf = parts.map((file) => (file ? wholeRules(file) : new Set<RulePart>()));
  // A global rule is a condition of all in its namespace, of other files' too.
  const gated = new Set(
    files
      .filter((_, index) => {
        const whole = wholeOf[index];
        return parts[index]?.rules.some((rule) => rule.isGlobal && whole?.has(rule) !== true) ?? true;
      })
      .map(({ name }) => namespaceOf(name)),
  );
  const whole: WholeRule[] = [];
  const finds: string[] = [];
  const conclusions: RuleFile[] = [];
  const regional: RuleFile[] = [];
  const regionalNames: string[] = [];
  let signs = 0;
  const nextSign = (): string => `<${(signs++).toString(16).padStart(SIGN_SIZE - 2, "0")}>`;
  files.forEach((file, index) => {
    const { name, text } = file;
    const namespace = namespaceOf(name);
    const rules = parts[index]?.rules ?? [];
    const asked = gated.has(namespace) ? new Set<RulePart>() : (wholeOf[index] ?? new Set<RulePart>());
    if (rules.length === 0 || asked.size < rules.length) regional.push(file);
    const edits: Edit[] = [];
    for (const rule of rules) {
      if (!asked.has(rule)) {
        regionalNames.push(`${namespace}:${rule.name}`);
        edits.push({ start: rule.start, end: rule.end, text: "" });
        continue;
      }
      const own = rule.patterns.map(({ identifier, modifiers }) => ({
        identifier: modifiers.some(isPrivate) ? undefined : identifier.text,
        sign: nextSign(),
      }));
      if (own.length > 0) finds.push(findRule(whole.length, rule, text));
      const counts = rule.condition.some(
        ({ kind, text: word }) => kind === "pattern" && word.startsWith("#"),
      );
      whole.push({ namespace, name: rule.name, counts, patterns: own });
      rule.patterns.forEach((pattern, number) => edits.push(signed(pattern, own[number]?.sign ?? "")));
    }
    if (asked.size > 0) conclusions.push({ name, text: edited(text, edits) });
  });
  return { regional, regionalNames, finds: finds.join("\n"), conclusions, whole };
}

function findRule(number: number, { patterns }: RulePart, text: string): string {
  const lines = patterns.map(({ value, modifiers }, index) => {
    const words = modifiers.filter((token) => !isPrivate(token));
    return `$p${index} = ${value.text} ${words.map(({ start, end }) => text.slice(start, end)).join(" ")}`;
  });
  return `rule ${FINDS}${number} { strings: ${lines.join("\n")}\ncondition: any of them }`;
}

const isPrivate = ({ text }: Token): boolean => text === "private";

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

function signed({ value, modifiers }: PatternPart, sign: string): Edit {
  return {
    start: value.start,
    end: modifiers.at(-1)?.end ?? value.end,
    text: `"${sign}"${modifiers.some(isPrivate) ? " private" : ""}`,
  };
}

function edited(text: string, edits: readonly Edit[]): string {
  let at = 0;
  const pieces: string[] = [];
  for (const edit of edits) {
    pieces.push(text.slice(at, edit.start), edit.text);
    at = edit.end;
  }
  return [...pieces, text.slice(at)].join("");
}

/** What a condition is made of that asks nothing of places and bytes; text is compared with text. */
const WORDS: ReadonlySet<string> = new Set(
  "and or not any all none of them for in true false contains icontains startswith istartswith endswith iendswith iequals matches defined".split(
    " ",
  ),
);

/** The rules whose condition means the same for a process as for a file, with all rules that they name. */
function wholeRules({ modules, rules }: FileParts): ReadonlySet<RulePart> {
  const named = new Map(rules.map((rule) => [rule.name, rule]));
  const uses = new Map(rules.map((rule) => [rule, usesOf(rule)]));
  const whole = new Set(
    rules.filter((rule) => uses.get(rule)?.every((name) => named.has(name) && !modules.has(name))),
  );
  // Without those that name one which isn't, until none is left.
  for (let before = -1; before !== whole.size;) {
    before = whole.size;
    for (const rule of whole)
      if (uses.get(rule)?.some((name) => !isIn(whole, named.get(name)))) whole.delete(rule);
  }
  return whole;
}

const isIn = <T>(set: ReadonlySet<T>, value: T | undefined): boolean => value !== undefined && set.has(value);
/** The name of no rule: for a condition that asks where something is. */
const PLACE = "";

/** The words of a condition that are no words of the language, and `PLACE` where it asks for places or lengths. */
function usesOf({ condition }: RulePart): readonly string[] {
  const own = new Set<string>();
  const uses: string[] = [];
  condition.forEach(({ kind, text }, index) => {
    const before = condition[index - 1];
    if (kind === "pattern" && /^[@!]/.test(text)) uses.push(PLACE);
    if (kind !== "word") return;
    if (text === "for") for (const word of loopWords(condition, index)) own.add(word);
    // `for any i in (…)` is a loop, `$a in (…)` and `any of them in (…)` are places.
    const isPlace = text === "in" && !own.has(before?.text ?? "");
    if (isPlace || (!WORDS.has(text) && !own.has(text))) uses.push(isPlace ? PLACE : text);
  });
  return uses;
}

/** Names that a `for` gives to what it goes through: the words right before its `in`. */
function loopWords(condition: readonly Token[], from: number): readonly string[] {
  const end = condition.findIndex(({ text }, index) => index > from && (text === "in" || text === "of"));
  if (condition[end]?.text !== "in") return [];
  const words: string[] = [];
  for (let at = end - 1; at > from; at -= 2) {
    const word = condition[at];
    if (word?.kind !== "word") break;
    words.push(word.text);
    if (condition[at - 1]?.text !== ",") break;
  }
  return words;
}

/** Bytes that all signs may take. */
const MAX_SIGNED = 16 * 1024 * 1024;

/**
 * The buffer that stands for a process: for each pattern its sign, as often as the pattern was found, or once where nobody
 * asks how often. Of each sign YARA-X makes an object, so a million takes a minute.
 */
export function signsFor(
  whole: readonly WholeRule[],
  counts: readonly (readonly number[])[],
): Uint8Array<ArrayBuffer> {
  const patterns = counts.reduce((sum, own) => sum + own.filter((count) => count > 0).length, 0);
  const most = Math.max(1, Math.floor(MAX_SIGNED / SIGN_SIZE / Math.max(1, patterns)));
  const rows = whole.flatMap(({ patterns: own, counts: isCounted }, rule) =>
    own.map(({ sign }, pattern) => ({
      sign,
      count: Math.min(counts[rule]?.[pattern] ?? 0, isCounted ? most : 1),
    })),
  );
  const bytes = Buffer.alloc(rows.reduce((sum, { count }) => sum + count, 0) * SIGN_SIZE);
  let at = 0;
  for (const { sign, count } of rows) {
    bytes.fill(sign, at, at + count * SIGN_SIZE, "latin1");
    at += count * SIGN_SIZE;
  }
  return bytes;
}
