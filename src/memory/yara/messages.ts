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
  /** All rules are asked of each region alone. */
  readonly eachRegion: boolean;
  /** Places that are told of one pattern in one region. */
  readonly maxMatches: number;
}

/** What the worker says once: it can begin, or why it can't. */
export type YaraReady =
  | {
      readonly kind: "ready";
      readonly warnings: readonly string[];
      /** How many patterns each rule has that is asked of whole processes. */
      readonly patterns: readonly number[];
      /** Rules that are asked of each region alone: `namespace:rule`. */
      readonly regional: readonly string[];
    }
  | { readonly kind: "badRules"; readonly messages: readonly string[] }
  | { readonly kind: "failed"; readonly message: string };

/** The bytes of a region, or at the end of a process how often each pattern of each rule was found in it. */
export type YaraQuestion =
  | { readonly kind: "region"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: "process"; readonly counts: readonly (readonly number[])[] };

/** Columns of `Places`. */
export const PLACE_COLUMNS = 2;

/** Rows of `PLACE_COLUMNS`: offset in the region, length. One array: there can be a million, and each would be an object. */
export type Places = Uint32Array<ArrayBuffer>;

export interface MatchedPattern {
  /** `$a`. */
  readonly identifier: string;
  readonly places: Places;
}

/** What is known of a rule that matches. */
export interface RuleFacts {
  readonly identifier: string;
  /** Name of the rule's file, without folder and ending. */
  readonly namespace: string;
  readonly tags: readonly string[];
  readonly metadata: readonly { readonly identifier: string; readonly value: unknown }[];
}

/** A rule that a region matches. */
export interface MatchedRule extends RuleFacts {
  readonly patterns: readonly MatchedPattern[];
}

/** Where a region has patterns of a rule that is asked of the whole process: rule and patterns by number. */
export interface FoundPlaces {
  readonly rule: number;
  readonly patterns: readonly { readonly number: number; readonly places: Places }[];
}

/** A rule that a process matches. */
export interface ConcludedRule extends RuleFacts {
  readonly number: number;
  /** Names of its patterns; undefined for private ones. */
  readonly patterns: readonly (string | undefined)[];
}

/** What the worker answers; it gives the bytes of a region back. */
export type YaraAnswer =
  | {
      readonly kind: "scanned";
      readonly rules: readonly MatchedRule[];
      readonly finds: readonly FoundPlaces[];
      readonly bytes: Uint8Array<ArrayBuffer>;
    }
  | { readonly kind: "concluded"; readonly rules: readonly ConcludedRule[] }
  | { readonly kind: "failed"; readonly message: string };
