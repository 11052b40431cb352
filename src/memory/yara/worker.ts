// The worker of YARA: compiles the rules once, then scans the bytes of one region after the other.
import { Compiler, initSync } from "@virustotal/yara-x";
import type { Scanner } from "@virustotal/yara-x";
import { parentPort, workerData } from "node:worker_threads";
import type { MatchedRule, RuleFile, YaraAnswer, YaraReady, YaraSetup } from "./messages.ts";

/** The shape of what `Scanner.scan` gives; its own type is `any`. */
interface ScanResult {
  readonly valid: boolean;
  readonly errors: readonly string[];
  readonly matches: readonly {
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
  }[];
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
    try {
      compiler.addSource(text);
    } catch (error) {
      messages.push(`${name}: ${inWords(error)}`);
    }
  }
  return messages;
}

const namespaceOf = (name: string): string =>
  name.replace(/^.*[\\/]/, "").replace(/\.[^.]*$/, "") || "default";

function scan(scanner: Scanner, bytes: Uint8Array<ArrayBuffer>): YaraAnswer {
  try {
    // What the library's own documentation says that it gives.
    const { matches, errors, valid } = scanner.scan(bytes) as ScanResult;
    if (!valid || errors.length > 0) return { kind: "failed", message: errors.join("; ") };
    const rules = matches
      .filter(({ isPrivate }) => !isPrivate)
      .map(({ identifier, namespace, tags, metadata, patterns }) => ({
        identifier,
        namespace,
        tags,
        metadata,
        patterns: patterns
          .filter((pattern) => !pattern.isPrivate && pattern.matches.length > 0)
          .map((pattern) => ({
            identifier: pattern.identifier,
            places: pattern.matches.map(({ offset, length }) => [offset, length] as const),
          })),
      }));
    return { kind: "scanned", rules, bytes };
  } catch (error) {
    return { kind: "failed", message: inWords(error) };
  }
}

try {
  initSync({ module: setup.library });
  const compiler = new Compiler();
  const messages = addRules(compiler, setup.rules);
  if (messages.length > 0) say({ kind: "badRules", messages });
  else {
    const { warnings } = compiler;
    const scanner = compiler.build().scanner();
    scanner.setMaxMatchesPerPattern(setup.maxMatches);
    parentPort?.on("message", (bytes: Uint8Array<ArrayBuffer>) => {
      const answer = scan(scanner, bytes);
      say(answer, answer.kind === "scanned" ? [bytes.buffer] : []);
    });
    say({ kind: "ready", warnings });
  }
} catch (error) {
  say({ kind: "failed", message: inWords(error) });
}
