/** A file of rules as text. */
export interface RuleFile {
  /** As messages name it. */
  readonly name: string;
  readonly text: string;
}

/** What the worker is started with. */
export interface YaraSetup {
  /** The WebAssembly of YARA-X. */
  readonly library: Uint8Array<ArrayBuffer>;
  readonly rules: readonly RuleFile[];
  /** Places that are told of one pattern in one region. */
  readonly maxMatches: number;
}

/** What the worker says once: it can begin, or why it can't. */
export type YaraReady =
  | { readonly kind: "ready"; readonly warnings: readonly string[] }
  | { readonly kind: "badRules"; readonly messages: readonly string[] }
  | { readonly kind: "failed"; readonly message: string };

export interface MatchedPattern {
  /** `$a`. */
  readonly identifier: string;
  /** Rows of two: offset in the region, length. */
  readonly places: readonly (readonly [offset: number, length: number])[];
}

/** A rule that a region matches. */
export interface MatchedRule {
  readonly identifier: string;
  /** Name of the rule's file, without folder and ending. */
  readonly namespace: string;
  readonly tags: readonly string[];
  readonly metadata: readonly { readonly identifier: string; readonly value: unknown }[];
  readonly patterns: readonly MatchedPattern[];
}

/** What the worker answers to the bytes of a region, which it gives back. */
export type YaraAnswer =
  | {
      readonly kind: "scanned";
      readonly rules: readonly MatchedRule[];
      readonly bytes: Uint8Array<ArrayBuffer>;
    }
  | { readonly kind: "failed"; readonly message: string };
