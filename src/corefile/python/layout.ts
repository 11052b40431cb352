/** Where things are in CPython's own structures, as offsets in bytes from the start of each. */
export interface PythonLayout {
  /** `PY_VERSION_HEX`. */
  readonly version: number;
  /** `_PyRuntimeState.interpreters.head`. */
  readonly interpreters: number;
  readonly interpreter: { readonly next: number; readonly threads: number };
  readonly thread: {
    readonly next: number;
    /** Where its frame is, or in 3.11 and 3.12 `_PyCFrame` that leads to it. */
    readonly frame: number;
    /** Before 3.13: where in `_PyCFrame` the frame is. */
    readonly inCFrame: number | undefined;
    readonly id: number;
    readonly nativeId: number;
  };
  readonly frame: {
    readonly previous: number;
    readonly code: number;
    /** The instruction that runs, or in 3.11 and 3.12 the last part of it. */
    readonly instruction: number;
    readonly locals: number;
    readonly owner: number;
    /** 3.11 alone: whether C called this one. Later there are frames between that say so. */
    readonly isEntry?: number;
  };
  readonly code: {
    readonly filename: number;
    readonly name: number;
    readonly qualname: number;
    readonly lineTable: number;
    readonly firstLine: number;
    readonly argumentCount: number;
    readonly localNames: number;
    readonly localKinds: number;
    readonly instructions: number;
  };
  readonly object: { readonly type: number; readonly size: number };
  readonly type: { readonly name: number; readonly flags: number };
  readonly tuple: { readonly items: number };
  readonly list: { readonly items: number };
  readonly float: { readonly value: number };
  /** Before 3.12 the size of a number tells its sign, later a tag does. */
  readonly long: { readonly tag: number | undefined; readonly digits: number };
  readonly bytes: { readonly content: number };
  readonly text: {
    readonly length: number;
    readonly state: number;
    /** Where the letters of text in ASCII begin, and of other text. */
    readonly ascii: number;
    readonly other: number;
  };
  readonly dict: { readonly used: number };
}

/** `PyObject`, `PyVarObject`, and what has no more than them, on all 64-bit machines and versions. */
const COMMON = {
  object: { type: 8, size: 16 },
  type: { name: 24, flags: 168 },
  tuple: { items: 24 },
  list: { items: 24 },
  float: { value: 16 },
  bytes: { content: 32 },
  dict: { used: 16 },
} as const;

/**
 * 3.11: `cpython/pystate.h: _ts, _cframe`, `internal/pycore_frame.h: _PyInterpreterFrame`, `internal/pycore_interp.h: _is`,
 * `internal/pycore_runtime.h: pyruntimestate`, `cpython/code.h`, `cpython/unicodeobject.h`, by a compiler's `offsetof`.
 */
const V3_11: Omit<PythonLayout, "version"> = {
  ...COMMON,
  interpreters: 40,
  interpreter: { next: 0, threads: 16 },
  thread: { next: 8, frame: 56, inCFrame: 8, id: 152, nativeId: 160 },
  frame: { previous: 48, code: 32, instruction: 56, locals: 72, owner: 69, isEntry: 68 },
  code: {
    ...{ filename: 112, name: 120, qualname: 128, lineTable: 136, firstLine: 72, argumentCount: 56 },
    ...{ localNames: 96, localKinds: 104, instructions: 184 },
  },
  long: { tag: undefined, digits: 24 },
  text: { length: 16, state: 32, ascii: 48, other: 72 },
};

/** 3.12, of the same headers; numbers have `internal/pycore_long.h`'s tag. */
const V3_12: Omit<PythonLayout, "version"> = {
  ...COMMON,
  interpreters: 40,
  interpreter: { next: 0, threads: 72 },
  thread: { next: 8, frame: 56, inCFrame: 0, id: 136, nativeId: 144 },
  frame: { previous: 8, code: 0, instruction: 56, locals: 72, owner: 70 },
  code: {
    ...{ filename: 112, name: 120, qualname: 128, lineTable: 136, firstLine: 68, argumentCount: 52 },
    ...{ localNames: 96, localKinds: 104, instructions: 192 },
  },
  long: { tag: 16, digits: 24 },
  text: { length: 16, state: 32, ascii: 40, other: 56 },
};

export const minorOf = (version: number): number => (version >>> 16) & 0xff;

/** The layout of a version that doesn't tell its own: 3.11 and 3.12 do not change within themselves. */
export function fixedLayout(version: number): PythonLayout | undefined {
  if (version >>> 24 !== 3) return undefined;
  const layout = minorOf(version) === 11 ? V3_11 : minorOf(version) === 12 ? V3_12 : undefined;
  return layout && { ...layout, version };
}

/** What `_PyRuntime` begins with from 3.13 on. */
export const COOKIE = "xdebugpy";
/** `internal/pycore_debug_offsets.h`: the fields of `_Py_DebugOffsets` in order, structure by structure, of eight bytes each. */
const FIELDS_3_13 = [
  "runtime: size finalizing interpreters_head",
  "interpreter: size id next threads_head gc imports_modules sysdict builtins ceval_gil gil gil_enabled gil_locked gil_holder",
  "thread: size prev next interp current_frame thread_id native_thread_id datastack_chunk status",
  "frame: size previous executable instr_ptr localsplus owner",
  "code: size filename name qualname linetable firstlineno argcount localsplusnames localspluskinds co_code_adaptive",
  "object: size ob_type",
  "type: size tp_name tp_repr tp_flags",
  "tuple: size ob_item ob_size",
  "list: size ob_item ob_size",
  "dict: size ma_keys ma_values",
  "float: size ob_fval",
  "long: size lv_tag ob_digit",
  "bytes: size ob_size ob_sval",
  "text: size state length asciiobject_size",
] as const;

const FIELDS_3_14 = [
  FIELDS_3_13[0],
  "interpreter: size id next threads_head threads_main gc imports_modules sysdict builtins ceval_gil gil gil_enabled gil_locked gil_holder code_object_generation tlbc_generation",
  FIELDS_3_13[2],
  "frame: size previous executable instr_ptr localsplus owner stackpointer tlbc_index",
  `${FIELDS_3_13[4]} co_tlbc`,
  ...FIELDS_3_13.slice(5, 9),
  "set: size used table mask",
  ...FIELDS_3_13.slice(9),
] as const;

const FIELDS = new Map<number, readonly string[]>([
  [13, FIELDS_3_13],
  [14, FIELDS_3_14],
]);
/** Cookie, version, and whether threads run without the lock. */
const HEAD = 24;
export const OFFSETS_SIZE = 1024;
/** No structure of CPython's is larger: what says so is none. */
const MAX_OFFSET = 4 * 1024 * 1024;

/** The layout that an interpreter tells of itself; undefined where these bytes are none, or of a version not known. */
export function toldLayout(bytes: Buffer): PythonLayout | undefined {
  if (bytes.length < OFFSETS_SIZE || bytes.toString("latin1", 0, COOKIE.length) !== COOKIE) return undefined;
  const version = Number(bytes.readBigUInt64LE(8) & 0xffff_ffffn);
  const fields = version >>> 24 === 3 ? FIELDS.get(minorOf(version)) : undefined;
  if (fields === undefined) return undefined;
  const offsets = new Map<string, number>();
  let at = HEAD;
  for (const line of fields) {
    const [structure = "", names = ""] = line.split(": ");
    for (const name of names.split(" ")) {
      const offset = Number(bytes.readBigUInt64LE(at));
      if (offset > MAX_OFFSET) return undefined;
      offsets.set(`${structure}.${name}`, offset);
      at += 8;
    }
  }
  const of = (name: string): number => offsets.get(name) ?? 0;
  return {
    ...COMMON,
    version,
    interpreters: of("runtime.interpreters_head"),
    interpreter: { next: of("interpreter.next"), threads: of("interpreter.threads_head") },
    thread: {
      ...{ next: of("thread.next"), frame: of("thread.current_frame"), inCFrame: undefined },
      ...{ id: of("thread.thread_id"), nativeId: of("thread.native_thread_id") },
    },
    frame: {
      ...{ previous: of("frame.previous"), code: of("frame.executable"), instruction: of("frame.instr_ptr") },
      ...{ locals: of("frame.localsplus"), owner: of("frame.owner") },
    },
    code: {
      ...{ filename: of("code.filename"), name: of("code.name"), qualname: of("code.qualname") },
      ...{ lineTable: of("code.linetable"), firstLine: of("code.firstlineno") },
      ...{ argumentCount: of("code.argcount"), localNames: of("code.localsplusnames") },
      ...{ localKinds: of("code.localspluskinds"), instructions: of("code.co_code_adaptive") },
    },
    object: { type: of("object.ob_type"), size: of("tuple.ob_size") },
    type: { name: of("type.tp_name"), flags: of("type.tp_flags") },
    tuple: { items: of("tuple.ob_item") },
    list: { items: of("list.ob_item") },
    float: { value: of("float.ob_fval") },
    long: { tag: of("long.lv_tag"), digits: of("long.ob_digit") },
    bytes: { content: of("bytes.ob_sval") },
    text: {
      ...{ length: of("text.length"), state: of("text.state"), ascii: of("text.asciiobject_size") },
      // `utf8_length` and `utf8` of PyCompactUnicodeObject come between.
      other: of("text.asciiobject_size") + 16,
    },
    dict: { used: of("object.size") },
  };
}
