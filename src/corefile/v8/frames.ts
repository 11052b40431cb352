import type { Registers } from "../../checkpoint/index.ts";
import type { AddressSpace } from "../../memory/index.ts";
import { exactMemory } from "../exact-memory.ts";
import type { Frame } from "../unwind/frame.ts";
import type { LoadedModules } from "../unwind/loaded-modules.ts";
import { machineFor } from "../unwind/walk.ts";
import { v8Function } from "./functions.ts";
import type { V8Function } from "./functions.ts";
import { v8Layout } from "./layout.ts";
import type { V8Layout } from "./layout.ts";
import { v8Objects } from "./objects.ts";
import type { V8Objects } from "./objects.ts";
import { sourcePositions } from "./positions.ts";

/** A call of JavaScript, which a frame of V8's code is. */
export interface JavaScriptFrame {
  /** "" for a function without a name. */
  readonly name: string;
  /** Where the function is from; undefined for what is built into the engine. */
  readonly script: string | undefined;
  /** From 1 on. */
  readonly line: number | undefined;
  readonly column: number;
  /** Whether the line is the one that runs; else it is the function's first. */
  readonly isCurrent: boolean;
}

/** The V8 of a process. */
export interface V8Runtime {
  readonly layout: V8Layout;
  readonly objects: V8Objects;
}

/** Code of V8's own that runs JavaScript, by the symbols of a program that wasn't stripped. */
const BUILTIN = /^Builtins_/;
const V8_MODULE = /(^|\/)(node[^/]*|libnode\.so[^/]*|libv8[^/]*)$/;
const TAG = 1n;
/** A source of which so much would have to be read to count its lines has no lines. */
const MAX_SOURCE = 16 * 1024 * 1024;

/** The V8 of a process, where its program tells how to read it. */
export async function findV8(space: AddressSpace, modules: LoadedModules): Promise<V8Runtime | undefined> {
  const memory = exactMemory(space);
  for (const module of await modules.all()) {
    if (!V8_MODULE.test(module.name)) continue;
    const layout = await v8Layout(module, memory);
    if (layout) return { layout, objects: v8Objects(memory, layout) };
  }
  return undefined;
}

/**
 * What of a stack's frames is JavaScript: the function that each runs, by the frame's own words, every one of which is
 * checked to be of the kind that it must be. Functions that the compiler put into others are not told apart.
 */
export async function javaScriptFrames(
  { layout, objects }: V8Runtime,
  space: AddressSpace,
  frames: readonly Frame[],
  registers: Pick<Registers, "architecture" | "compat">,
): Promise<ReadonlyMap<Frame, JavaScriptFrame>> {
  const memory = exactMemory(space);
  const found = new Map<Frame, JavaScriptFrame>();
  const framePointer = machineFor(registers)?.framePointer;
  if (framePointer === undefined) return found;
  for (const [index, frame] of frames.entries()) {
    const pointer = frame.registers.get(framePointer);
    if (pointer === undefined || !mayRunJavaScript(frame)) continue;
    // Code without a frame of its own has that of its caller.
    if (frames[index + 1]?.registers.get(framePointer) === pointer) continue;
    const word = (offset: number): Promise<bigint | undefined> => memory.word(pointer + BigInt(offset));
    const called = await word(layout.frame.function);
    const context = await word(layout.frame.context);
    // Frames of V8's own have a number instead of a context.
    if (called === undefined || context === undefined || (context & TAG) === 0n) continue;
    const described = await v8Function(objects, layout, called);
    if (described === undefined) continue;
    const current = await runningPosition({ layout, objects }, described, {
      bytecode: await word(layout.frame.bytecode),
      offset: objects.small(await word(layout.frame.bytecodeOffset)),
    });
    const place = await lineOf(objects, described, current ?? described.range?.start);
    found.set(frame, {
      name: described.name,
      script: described.script?.name,
      ...{ line: place?.line, column: place?.column ?? 0, isCurrent: current !== undefined },
    });
  }
  return found;
}

const mayRunJavaScript = ({ isInlined, isSignalFrame, module, function: called }: Frame): boolean =>
  !isInlined &&
  !isSignalFrame &&
  (module === undefined || called === undefined || BUILTIN.test(called.symbol ?? ""));

/** Where in its source an interpreted function is; undefined of compiled ones. */
async function runningPosition(
  { layout, objects }: V8Runtime,
  { range }: V8Function,
  { bytecode, offset }: { readonly bytecode: bigint | undefined; readonly offset: number | undefined },
): Promise<number | undefined> {
  const { types, bytecode: of } = layout;
  if (bytecode === undefined || offset === undefined || range === undefined) return undefined;
  if ((await objects.type(bytecode)) !== types.bytecode) return undefined;
  const length = objects.small(await objects.field(bytecode, of.length));
  // The frame counts from the reference, tag and all.
  const at = offset - of.data + Number(TAG);
  if (length === undefined || at < 0 || at >= length) return undefined;
  // The table of positions is one of the arrays that the bytecode refers to: the one whose places all lie in the function.
  for (let place = of.length + 8; place + 8 <= of.data; place += 8) {
    const array = await objects.field(bytecode, place);
    const type = await objects.type(array);
    if (array === undefined || type === undefined || !types.bytes.includes(type)) continue;
    const bytes = await objects.bytes(array);
    const positions = bytes && sourcePositions(bytes, { length, ...range });
    const last = positions?.findLast(({ code }) => code <= at);
    if (last) return last.source;
  }
  return undefined;
}

async function lineOf(
  objects: V8Objects,
  { script }: V8Function,
  position: number | undefined,
): Promise<{ readonly line: number; readonly column: number } | undefined> {
  if (script === undefined || position === undefined || position > MAX_SOURCE) return undefined;
  const before = await objects.text(script.source, position);
  if (before?.length !== position) return undefined;
  const last = before.lastIndexOf("\n");
  return { line: before.split("\n").length, column: position - last };
}
