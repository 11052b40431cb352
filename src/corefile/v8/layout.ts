import type { ExactMemory } from "../exact-memory.ts";
import type { LoadedModule } from "../unwind/loaded-modules.ts";

/**
 * Where things are in V8's own structures, by the words that V8 puts into every program that has it for debuggers
 * (`tools/gen-postmortem-metadata.py`: `v8dbg_…`). Offsets are in bytes from an object's start, others as named.
 */
export interface V8Layout {
  /** From the frame pointer of a call of JavaScript. */
  readonly frame: {
    /** The function's context; of V8's own frames a small number that says which. */
    readonly context: number;
    readonly function: number;
    readonly bytecode: number;
    /** A small number: how far in the bytecode. */
    readonly bytecodeOffset: number;
  };
  readonly mapType: number;
  readonly shared: number;
  readonly name: number;
  readonly script: number;
  readonly scriptName: number;
  readonly scriptSource: number;
  /** Of `ScopeInfo`, in words: how many locals it has, and where they begin. */
  readonly scope: { readonly count: number; readonly first: number };
  readonly bytecode: { readonly length: number; readonly data: number };
  readonly array: { readonly length: number; readonly data: number };
  readonly text: {
    readonly length: number;
    readonly letters: number;
    readonly first: number;
    readonly second: number;
    readonly parent: number;
    readonly offset: number;
    readonly actual: number;
    /** Bits of an object's type: whether it is text, how it is kept, how wide its letters are. */
    readonly notText: number;
    readonly representation: number;
    readonly oneByte: number;
    readonly kinds: {
      readonly flat: number;
      readonly joined: number;
      readonly part: number;
      readonly moved: number;
    };
  };
  readonly types: {
    readonly sharedFunction: number;
    readonly scope: number;
    readonly script: number;
    readonly bytecode: number;
    /** Arrays of bytes, of which newer versions have two kinds. */
    readonly bytes: readonly number[];
  };
}

/** Words of one kind have names that end in their type, which differs from version to version. */
const PREFIX = "v8dbg_";
const MAX_WORDS = 4096;
/** A small number is the upper half of a word. Where it is less, pointers are compressed, as in browsers. */
const WHOLE_SHIFT = 31;

/** The layout that a program tells; undefined where it has none, or one that isn't read. */
export async function v8Layout(
  { symbols, bias }: LoadedModule,
  memory: ExactMemory,
): Promise<V8Layout | undefined> {
  const words = new Map<string, number>();
  for (const { name, address } of await symbols.like(PREFIX, MAX_WORDS)) {
    if (!name.startsWith(PREFIX)) continue;
    const value = await memory.u32(BigInt.asUintN(64, address + bias));
    if (value !== undefined) words.set(name.slice(PREFIX.length), value | 0);
  }
  return layoutOf(words);
}

/** The layout by V8's words; undefined where one that is needed is missing, or pointers are compressed. */
export function layoutOf(words: ReadonlyMap<string, number>): V8Layout | undefined {
  if (words.get("SmiShiftSize") !== WHOLE_SHIFT || words.get("HeapObjectTag") !== 1) return undefined;
  try {
    return readLayout(words);
  } catch {
    return undefined;
  }
}

function readLayout(words: ReadonlyMap<string, number>): V8Layout {
  const names = [...words.keys()];
  /** The word of that name, or of the name and a type. Throws where there is none. */
  const word = (...wanted: readonly string[]): number => {
    for (const each of wanted) {
      const name = words.has(each) ? each : names.find((known) => known.startsWith(`${each}__`));
      const value = name === undefined ? undefined : words.get(name);
      if (value !== undefined) return value;
    }
    throw new RangeError(`V8 does not tell ${wanted[0]}.`);
  };
  const bytes = ["type_ByteArray", "type_TrustedByteArray"].filter((name) =>
    names.some((known) => known.startsWith(`${name}__`)),
  );
  return {
    frame: {
      context: word("off_fp_context_or_frame_type", "off_fp_context"),
      function: word("off_fp_function"),
      bytecode: word("off_fp_bytecode_array"),
      bytecodeOffset: word("off_fp_bytecode_offset"),
    },
    mapType: word("class_Map__instance_type"),
    shared: word("class_JSFunction__shared"),
    name: word("class_SharedFunctionInfo__name_or_scope_info"),
    script: word("class_SharedFunctionInfo__script", "class_SharedFunctionInfo__script_or_debug_info"),
    scriptName: word("class_Script__name"),
    scriptSource: word("class_Script__source"),
    scope: { count: word("scopeinfo_idx_ncontextlocals"), first: word("scopeinfo_idx_first_vars") },
    bytecode: { length: word("class_FixedArrayBase__length"), data: word("class_BytecodeArray__data") },
    array: { length: word("class_FixedArrayBase__length"), data: word("class_FixedArray__data") },
    text: {
      length: word("class_String__length"),
      letters: word("class_SeqOneByteString__chars"),
      first: word("class_ConsString__first"),
      second: word("class_ConsString__second"),
      parent: word("class_SlicedString__parent"),
      offset: word("class_SlicedString__offset"),
      actual: word("class_ThinString__actual"),
      notText: word("IsNotStringMask"),
      representation: word("StringRepresentationMask"),
      oneByte: word("OneByteStringTag"),
      kinds: {
        flat: word("SeqStringTag"),
        joined: word("ConsStringTag"),
        part: word("SlicedStringTag"),
        moved: word("ThinStringTag"),
      },
    },
    types: {
      sharedFunction: word("type_SharedFunctionInfo"),
      scope: word("type_ScopeInfo"),
      script: word("type_Script"),
      bytecode: word("type_BytecodeArray"),
      bytes: bytes.map((name) => word(name)),
    },
  };
}
