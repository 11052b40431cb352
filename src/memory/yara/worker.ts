// The worker of YARA: compiles the rules once, then scans the bytes of one region after the other, and says at the end of
// a process which rules its regions together match.
import { Compiler, initSync } from "@virustotal/yara-x";
import type { Scanner } from "@virustotal/yara-x";
import { parentPort, workerData } from "node:worker_threads";
import { PLACE_COLUMNS } from "./messages.ts";
import type {
  FoundPlaces,
  MatchedRule,
  Places,
  RuleFile,
  YaraAnswer,
  YaraQuestion,
  YaraReady,
  YaraSetup,
} from "./messages.ts";
import { FINDS, namespaceOf, signsFor, splitRules } from "./whole-process.ts";
import type { SplitRules } from "./whole-process.ts";

interface ScannedRule {
  readonly identifier: string;
  readonly namespace: string;
  readonly isPrivate: boolean;
  readonly tags: readonly string[];
  readonly metadata: MatchedRule["metadata"];
  readonly patterns: readonly {
    readonly identifier: string;
    readonly isPrivate: boolean;
    readonly matches: readonly { readonly offset: number; readonly length: number }[];
  }[];
}

/** The shape of what `Scanner.scan` gives; its own type is `any`. */
interface ScanResult {
  readonly valid: boolean;
  readonly errors: readonly string[];
  readonly matches: readonly ScannedRule[];
}

// Only engine.ts starts this file, with a YaraSetup.
const setup = workerData as YaraSetup;
const say = (message: YaraReady | YaraAnswer, bytes: readonly ArrayBuffer[] = []): void =>
  parentPort?.postMessage(message, bytes);
const inWords = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Gives what is wrong with the rules, each with the name of its file. */
function addRules(compiler: Compiler, files: readonly RuleFile[]): readonly string[] {
  const messages: string[] = [];
  for (const { name, text } of files) {
    // Two files may both have a rule of one name.
    compiler.newNamespace(namespaceOf(name));
    const before = compiler.errors.length;
    try {
      compiler.addSource(text);
    } catch (error) {
      // What is thrown is the last of them, which may be but a consequence of the first.
      const all = compiler.errors.slice(before);
      messages.push(...(all.length > 0 ? all : [inWords(error)]).map((message) => `${name}: ${message}`));
    }
  }
  return messages;
}

/** A namespace that no file's name gives. */
const FINDS_NAMESPACE = "cryoscope/finds";

interface Scanners {
  readonly split: SplitRules;
  /** Where each rule that is asked of a whole process stands in `split.whole`, by `nameOf`. */
  readonly wholeNumbers: ReadonlyMap<string, number>;
  readonly regions: Scanner;
  readonly conclusions: Scanner | undefined;
}

/** Two files may both have a rule of one name. */
const nameOf = (namespace: string, rule: string): string => `${namespace}:${rule}`;

/** Undefined where YARA-X doesn't take the split rules; then all are asked of each region. */
function scannersOf(split: SplitRules): Scanners | undefined {
  const compiler = new Compiler();
  if (addRules(compiler, split.regional).length > 0) return undefined;
  try {
    if (split.finds !== "") {
      compiler.newNamespace(FINDS_NAMESPACE);
      compiler.addSource(split.finds);
    }
  } catch {
    return undefined;
  }
  const regions = compiler.build().scanner();
  regions.setMaxMatchesPerPattern(setup.maxMatches);
  const wholeNumbers = new Map(
    split.whole.map(({ namespace, name }, index) => [nameOf(namespace, name), index]),
  );
  if (split.whole.length === 0) return { split, wholeNumbers, regions, conclusions: undefined };
  const whole = new Compiler();
  if (addRules(whole, split.conclusions).length > 0) return undefined;
  const conclusions = whole.build().scanner();
  conclusions.setMaxMatchesPerPattern(MAX_SIGNS);
  return { split, wholeNumbers, regions, conclusions };
}

/** Places of one pattern that count in a process; of YARA itself it is a million as well. */
const MAX_SIGNS = 1_000_000;

// What the library's own documentation says that it gives.
const scan = (scanner: Scanner, bytes: Uint8Array): ScanResult => scanner.scan(bytes) as ScanResult;

const failureOf = ({ errors, valid }: ScanResult): YaraAnswer | undefined =>
  valid && errors.length === 0 ? undefined : { kind: "failed", message: errors.join("; ") };

function placesOf({ matches }: ScannedRule["patterns"][number]): Places {
  const places = new Uint32Array(matches.length * PLACE_COLUMNS);
  matches.forEach(({ offset, length }, row) => {
    places[row * PLACE_COLUMNS] = offset;
    places[row * PLACE_COLUMNS + 1] = length;
  });
  return places;
}

/** What an answer hands over: the bytes of the region, and the places. */
function givenBy(answer: YaraAnswer): readonly ArrayBuffer[] {
  if (answer.kind !== "scanned") return [];
  const patterns = [...answer.rules, ...answer.finds].flatMap(
    (rule): readonly { readonly places: Places }[] => rule.patterns,
  );
  // To hand over an array costs more than to copy one that is small.
  const large = patterns.filter(({ places }) => places.length > 256);
  return [answer.bytes.buffer, ...large.map(({ places }) => places.buffer)];
}

function region({ wholeNumbers, regions }: Scanners, bytes: Uint8Array<ArrayBuffer>): YaraAnswer {
  const rules: MatchedRule[] = [];
  const finds: FoundPlaces[] = [];
  const result = scan(regions, bytes);
  for (const { identifier, namespace, isPrivate, tags, metadata, patterns } of result.matches)
    if (namespace === FINDS_NAMESPACE)
      finds.push({
        rule: Number(identifier.slice(FINDS.length)),
        patterns: patterns.map((pattern) => ({
          number: Number(pattern.identifier.slice(2)),
          places: placesOf(pattern),
        })),
      });
    else if (!isPrivate && !wholeNumbers.has(nameOf(namespace, identifier)))
      rules.push({
        ...{ identifier, namespace, tags, metadata },
        patterns: patterns
          .filter((pattern) => !pattern.isPrivate && pattern.matches.length > 0)
          .map((pattern) => ({ identifier: pattern.identifier, places: placesOf(pattern) })),
      });
  return failureOf(result) ?? { kind: "scanned", rules, finds, bytes };
}

function conclude({ split, wholeNumbers, conclusions }: Scanners, counts: YaraCounts): YaraAnswer {
  if (conclusions === undefined) return { kind: "concluded", rules: [] };
  const result = scan(conclusions, signsFor(split.whole, counts));
  const rules = result.matches
    .filter(({ isPrivate }) => !isPrivate)
    .map(({ identifier, namespace, tags, metadata }) => {
      const number = wholeNumbers.get(nameOf(namespace, identifier)) ?? -1;
      const patterns = split.whole[number]?.patterns.map((pattern) => pattern.identifier) ?? [];
      return { identifier, namespace, tags, metadata, number, patterns };
    });
  return failureOf(result) ?? { kind: "concluded", rules };
}

type YaraCounts = Extract<YaraQuestion, { kind: "process" }>["counts"];

function answerTo(scanners: Scanners, question: YaraQuestion): YaraAnswer {
  try {
    return question.kind === "region"
      ? region(scanners, question.bytes)
      : conclude(scanners, question.counts);
  } catch (error) {
    return { kind: "failed", message: inWords(error) };
  }
}

function start(): void {
  initSync({ module: setup.library });
  const compiler = new Compiler();
  const messages = addRules(compiler, setup.rules);
  if (messages.length > 0) {
    say({ kind: "badRules", messages });
    return;
  }
  const { warnings } = compiler;
  compiler.free();
  const scanners =
    scannersOf(splitRules(setup.rules, setup.eachRegion)) ?? scannersOf(splitRules(setup.rules, true));
  if (scanners === undefined) {
    say({ kind: "failed", message: "it compiles the rules once, but not twice" });
    return;
  }
  parentPort?.on("message", (question: YaraQuestion) => {
    const answer = answerTo(scanners, question);
    say(answer, givenBy(answer));
  });
  const { whole, regionalNames } = scanners.split;
  say({
    kind: "ready",
    warnings,
    patterns: whole.map((rule) => rule.patterns.length),
    regional: regionalNames,
  });
}

try {
  start();
} catch (error) {
  say({ kind: "failed", message: inWords(error) });
}
