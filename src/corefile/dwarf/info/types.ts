import type { Entry } from "./unit.ts";

/** A type, as far down as it was looked at: what it is made of is read when it is asked for. */
export type DataType =
  | { readonly kind: "base"; readonly name: string; readonly size: number; readonly encoding: number }
  | {
      readonly kind: "pointer";
      readonly name: string;
      readonly size: number;
      /** A reference is shown as what it refers to. */
      readonly isReference: boolean;
      readonly to: TypeReference;
    }
  | {
      readonly kind: "record";
      readonly name: string;
      readonly size: number;
      readonly word: "struct" | "class" | "union";
      /** Only its name is told. */
      readonly isIncomplete: boolean;
      readonly members: () => Promise<readonly Member[]>;
    }
  | {
      readonly kind: "array";
      readonly name: string;
      readonly size: number;
      readonly element: TypeReference;
      /** Elements; undefined where it is not told. */
      readonly count: number | undefined;
      /** Index of the first element; 0 when not given. */
      readonly lower?: number;
      /** Of an array whose bounds are computed: the type with them. */
      readonly sized?: (bound: BoundReader) => Promise<DataType>;
    }
  | {
      readonly kind: "enum";
      readonly name: string;
      readonly size: number;
      readonly isSigned: boolean;
      readonly values: readonly { readonly name: string; readonly value: bigint }[];
    }
  | { readonly kind: "function"; readonly name: string; readonly size: 0 }
  | { readonly kind: "void"; readonly name: string; readonly size: 0 }
  /** Of a kind, or in a file, that isn't read. */
  | { readonly kind: "unknown"; readonly name: string; readonly size: number };

/** What the bound of an array is in a frame, by the entry of its range and which attribute of it; undefined where it can't be had. */
export type BoundReader = (range: Entry, attribute: number) => Promise<bigint | undefined>;

export type TypeReference = () => Promise<DataType>;

/** A part of a record. */
export interface Member {
  /** "" for what has no name: its own members are as good as the record's. */
  readonly name: string;
  /** Bytes from the start of the record. */
  readonly offset: number;
  /** Of a bit field: which bits, counted from the lowest one of the number at `offset`. */
  readonly bits: { readonly offset: number; readonly size: number } | undefined;
  readonly type: TypeReference;
  /** What it is derived from. */
  readonly isBase: boolean;
  /** It is there only where another member has one of these values, as in Rust's enums; undefined when always. */
  readonly only?: Choice | undefined;
}

/** When a variant of a record holds. */
export interface Choice {
  /** The member that tells. */
  readonly by: Pick<Member, "offset" | "bits" | "type">;
  /** Undefined for the variant that holds when no other does. */
  readonly value: bigint | undefined;
  /** What the others of them ask for. */
  readonly others: readonly bigint[];
}

/** A variable or argument, as it is declared. */
export interface Variable {
  readonly name: string;
  readonly type: TypeReference;
  /** Its entry, which tells where it is. */
  readonly entry: Entry;
  /** Line of the declaration; 0 when it is not told. */
  readonly line: number;
  /** Made by the compiler: `this`. */
  readonly isArtificial: boolean;
}

/** A call that is the code of its caller: the compiler put it there. */
export interface InlinedCall {
  readonly name: string;
  /** Where it was called from. */
  readonly callFile: number;
  readonly callLine: number;
  readonly callColumn: number;
}

export const VOID: DataType = { kind: "void", name: "void", size: 0 };
