import type { AddressSpace } from "../../memory/index.ts";
import { lineAt } from "./line-table.ts";
import { minorOf } from "./layout.ts";
import { exactMemory } from "../exact-memory.ts";
import type { ExactMemory } from "../exact-memory.ts";
import { pythonObjects } from "./objects.ts";
import type { PythonObjects } from "./objects.ts";
import type { PythonRuntime } from "./runtime.ts";

/** A call in Python that had not returned. */
export interface PythonFrame {
  /** `Widget.poke`. */
  readonly name: string;
  readonly file: string;
  /** 0 where the code has none. */
  readonly line: number;
  /** Of the generator or coroutine that it is of, rather than the thread's own. */
  readonly isGenerator: boolean;
  /** C called it: the frame of the interpreter's loop that runs it, and what it calls in Python, is its own. */
  readonly isEntry: boolean;
  /** Its arguments and local variables, read when asked. */
  locals(): Promise<readonly PythonLocal[]>;
}

export interface PythonLocal {
  readonly name: string;
  readonly type: string;
  readonly value: string;
  readonly address: bigint;
  readonly isArgument: boolean;
}

/** A thread that Python knows of. */
export interface PythonThread {
  /** Its number in the pid namespace it ran in; 0 where Python didn't note it. */
  readonly nativeId: number;
  /** `pthread_self()`: what the thread library calls it, which is where its thread-local memory is. */
  readonly threadId: bigint;
  /** Innermost first. */
  readonly frames: readonly PythonFrame[];
}

const MAX_INTERPRETERS = 256;
const MAX_THREADS = 16_384;
const MAX_FRAMES = 2000;
const MAX_LINE_TABLE = 4 * 1024 * 1024;
const MAX_LOCALS = 4096;
/** From 3.13 on frames that the interpreter itself put there, 3.12 the like; `enum _frameowner`. */
const OWNED_BY_INTERPRETER = 3;
const OWNED_BY_GENERATOR = 1;
/** `CO_FAST_HIDDEN`, `CO_FAST_CELL`, `CO_FAST_FREE` (`internal/pycore_code.h`). */
const [CELL, FREE] = [0x40, 0x80];
/** 3.14 keeps in the lowest bits of references who owns them (`internal/pycore_stackref.h`). */
const TAGGED_FROM = 14;

/**
 * The Python threads of a process, each with its calls. What is damaged ends a list; nothing is thrown, and no list is
 * followed in circles.
 */
export async function pythonThreads(
  space: AddressSpace,
  { address, layout }: PythonRuntime,
): Promise<readonly PythonThread[]> {
  const memory = exactMemory(space);
  const reader: Reader = { memory, objects: pythonObjects(memory, layout), layout };
  const threads: PythonThread[] = [];
  const { interpreters, interpreter, thread } = layout;
  const heads = await chain(memory, address + BigInt(interpreters), interpreter.next, MAX_INTERPRETERS);
  for (const head of heads)
    for (const at of await chain(memory, head + BigInt(interpreter.threads), thread.next, MAX_THREADS)) {
      const id = await memory.word(at + BigInt(thread.id));
      const native = await memory.word(at + BigInt(thread.nativeId));
      threads.push({
        nativeId: native === undefined || native > 0xffff_ffffn ? 0 : Number(native),
        threadId: id ?? 0n,
        frames: await framesOf(reader, at),
      });
      if (threads.length >= MAX_THREADS) return threads;
    }
  return threads;
}

interface Reader {
  readonly memory: ExactMemory;
  readonly objects: PythonObjects;
  readonly layout: PythonRuntime["layout"];
}

/** What a list has, from the pointer at `head` on. */
async function chain(
  memory: ExactMemory,
  head: bigint,
  next: number,
  most: number,
): Promise<readonly bigint[]> {
  const found = new Set<bigint>();
  for (let at = await memory.word(head); at !== undefined && at !== 0n && found.size < most;) {
    if (found.has(at)) break;
    found.add(at);
    at = await memory.word(at + BigInt(next));
  }
  return [...found];
}

async function framesOf(reader: Reader, thread: bigint): Promise<readonly PythonFrame[]> {
  const { memory, layout } = reader;
  let at = await memory.word(thread + BigInt(layout.thread.frame));
  if (layout.thread.inCFrame !== undefined && at !== undefined)
    at = await memory.word(at + BigInt(layout.thread.inCFrame));
  const frames: PythonFrame[] = [];
  const seen = new Set<bigint>();
  while (at !== undefined && at !== 0n && !seen.has(at) && frames.length < MAX_FRAMES) {
    seen.add(at);
    const owner = await memory.byte(at + BigInt(layout.frame.owner));
    if (owner === undefined) break;
    const isShim = owner >= OWNED_BY_INTERPRETER;
    const frame = isShim ? undefined : await frameAt(reader, at, owner);
    if (frame) frames.push(frame);
    else if (!isShim) break;
    const last = frames.at(-1);
    if (isShim && last) frames[frames.length - 1] = { ...last, isEntry: true };
    at = await memory.word(at + BigInt(layout.frame.previous));
  }
  return frames;
}

const untagged = (version: number, reference: bigint): bigint =>
  minorOf(version) >= TAGGED_FROM ? reference & ~3n : reference;

async function frameAt(reader: Reader, at: bigint, owner: number): Promise<PythonFrame | undefined> {
  const { memory, objects, layout } = reader;
  const { code: shape, version } = layout;
  const { isEntry: entry } = layout.frame;
  const reference = await memory.word(at + BigInt(layout.frame.code));
  if (reference === undefined) return undefined;
  const code = untagged(version, reference);
  // Where the file that has the name isn't here, what the code refers to has to be what code does.
  if (((await objects.typeName(code)) ?? "code") !== "code") return undefined;
  const instruction = await memory.word(at + BigInt(layout.frame.instruction));
  const [file, name, qualname, table] = await Promise.all(
    [shape.filename, shape.name, shape.qualname, shape.lineTable].map((offset) =>
      memory.word(code + BigInt(offset)),
    ),
  );
  const text = async (address: bigint | undefined): Promise<string | undefined> =>
    address === undefined ? undefined : objects.text(address);
  const path = await text(file);
  const called = (await text(qualname)) ?? (await text(name));
  if (path === undefined || called === undefined) return undefined;
  const first = (await memory.u32(code + BigInt(shape.firstLine))) ?? 0;
  const lines = table === undefined ? undefined : await objects.bytes(table, MAX_LINE_TABLE);
  const offset = instruction === undefined ? -1 : Number(instruction - code) - shape.instructions;
  return {
    name: called,
    file: path,
    line: lines && offset >= 0 ? (lineAt(lines, first, offset) ?? 0) : first,
    isGenerator: owner === OWNED_BY_GENERATOR,
    isEntry: entry === undefined ? false : (await memory.byte(at + BigInt(entry))) === 1,
    locals: () => localsOf(reader, at, code),
  };
}

async function localsOf(
  { memory, objects, layout }: Reader,
  frame: bigint,
  code: bigint,
): Promise<readonly PythonLocal[]> {
  const { code: shape, version } = layout;
  const [names, kinds] = await Promise.all(
    [shape.localNames, shape.localKinds].map((offset) => memory.word(code + BigInt(offset))),
  );
  const named = names === undefined ? undefined : await objects.tuple(names, MAX_LOCALS);
  const kind = kinds === undefined ? undefined : await objects.bytes(kinds, MAX_LOCALS);
  const count = (await memory.u32(code + BigInt(shape.argumentCount))) ?? 0;
  const locals: PythonLocal[] = [];
  for (const [index, at] of (named ?? []).entries()) {
    const reference = await memory.word(frame + BigInt(layout.frame.locals) + BigInt(index * 8));
    const name = await objects.text(at);
    if (reference === undefined || reference === 0n || name === undefined) continue;
    let address: bigint | undefined = untagged(version, reference);
    // A variable that functions within this one use is in a cell.
    const isCell = ((kind?.[index] ?? 0) & (CELL | FREE)) !== 0;
    if (isCell && ((await objects.typeName(address)) ?? "cell") === "cell")
      address = await objects.cell(address);
    if (address === undefined || address === 0n) continue;
    const described = await objects.describe(address);
    if (described) locals.push({ name, ...described, address, isArgument: index < count });
  }
  return locals;
}
