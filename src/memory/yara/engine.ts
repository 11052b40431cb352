import { Worker } from "node:worker_threads";
import { memoryErrors } from "../errors.ts";
import { loadYaraLibrary, yaraWorkerFile } from "./library.ts";
import type {
  ConcludedRule,
  FoundPlaces,
  MatchedRule,
  RuleFile,
  YaraAnswer,
  YaraQuestion,
  YaraReady,
  YaraSetup,
} from "./messages.ts";

export interface YaraOptions {
  /** Files or folders that may have the WebAssembly of YARA-X. */
  readonly libraries?: readonly string[];
  /** Milliseconds that one region may take. */
  readonly timeLimit?: number;
  /** Every rule is asked of each region alone, as of a file; else those that can be are asked of whole processes. */
  readonly eachRegion?: boolean;
}

/** Compiled rules, and a thread that scans with them. Close it: the thread lives until then. */
export interface YaraEngine {
  readonly warnings: readonly string[];
  /** How many patterns each rule has that is asked of whole processes. */
  readonly patterns: readonly number[];
  /** Rules that can only be asked of each region alone: `namespace:rule`. */
  readonly regional: readonly string[];
  /** Takes the bytes away, and gives them back with what matches. Throws `memory.yaraTooSlow` and `memory.yaraFailed`. */
  scan(bytes: Uint8Array<ArrayBuffer>): Promise<{
    readonly rules: readonly MatchedRule[];
    readonly finds: readonly FoundPlaces[];
    readonly bytes: Uint8Array<ArrayBuffer>;
  }>;
  /** The rules that a process matches, by how often each pattern of each rule was found in it. Throws as `scan` does. */
  conclude(counts: readonly (readonly number[])[]): Promise<readonly ConcludedRule[]>;
  close(): Promise<void>;
}

/** Of more places of one pattern in one region nobody reads all. */
export const MAX_PLACES = 10_000;
const TIME_LIMIT = 60_000;
const YOUNG_MB = 16;

/** Throws `memory.noYara`, `memory.otherYara`, `memory.badRules` and `memory.yaraFailed`. */
export async function openYara(
  rules: readonly RuleFile[],
  { libraries = [], timeLimit = TIME_LIMIT, eachRegion = false }: YaraOptions = {},
): Promise<YaraEngine> {
  const library = await loadYaraLibrary(libraries);
  const setup: YaraSetup = { library, rules, eachRegion, maxMatches: MAX_PLACES };
  const worker = new Worker(yaraWorkerFile(), {
    workerData: setup,
    transferList: [library.buffer],
    // Each place of a pattern comes out of the WebAssembly as an object, which is garbage at once.
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    name: "cryoscope yara",
  });
  try {
    // The worker says nothing else.
    const ready = (await answerOf(worker, timeLimit)) as YaraReady;
    if (ready.kind === "badRules") throw memoryErrors.badRules(ready.messages);
    if (ready.kind === "failed") throw memoryErrors.yaraFailed(ready.message);
    const ask = async <const Kind extends YaraAnswer["kind"]>(
      _kind: Kind,
      question: YaraQuestion,
    ): Promise<Extract<YaraAnswer, { kind: Kind }>> => {
      worker.postMessage(question, question.kind === "region" ? [question.bytes.buffer] : []);
      // The worker says nothing else.
      const answer = (await answerOf(worker, timeLimit)) as YaraAnswer;
      if (answer.kind === "failed") throw memoryErrors.yaraFailed(answer.message);
      // To each question its kind of answer.
      return answer as Extract<YaraAnswer, { kind: Kind }>;
    };
    const { warnings, patterns, regional } = ready;
    return {
      ...{ warnings, patterns, regional },
      scan: (bytes) => ask("scanned", { kind: "region", bytes }),
      conclude: async (counts) => (await ask("concluded", { kind: "process", counts })).rules,
      async close() {
        await worker.terminate();
      },
    };
  } catch (error) {
    await worker.terminate();
    throw error;
  }
}

/** The next that the worker says. WebAssembly can't be interrupted, only its thread. */
function answerOf(worker: Worker, timeLimit: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      worker.off("message", answered).off("error", broke).off("exit", left);
    };
    const fail = (error: Error): void => {
      end();
      reject(error);
    };
    const answered = (message: unknown): void => {
      end();
      resolve(message);
    };
    const broke = (error: unknown): void => {
      fail(memoryErrors.yaraFailed(error));
    };
    const left = (): void => {
      fail(memoryErrors.yaraFailed("its thread ended early"));
    };
    const timer = setTimeout(() => {
      fail(memoryErrors.yaraTooSlow(timeLimit));
      void worker.terminate();
    }, timeLimit);
    worker.on("message", answered).on("error", broke).on("exit", left);
  });
}
