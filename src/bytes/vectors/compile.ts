// Loops over bytes in WebAssembly, 16 bytes an instruction: JavaScript looks at one at a time, and a compiler for a few
// such loops would be more than they are.
import { END, unsigned } from "./instructions.ts";
import type { Code } from "./instructions.ts";

/** Memory that such loops work on. */
export interface LinearMemory {
  /** Its length is at least what was asked for. */
  readonly buffer: ArrayBuffer;
}

/** Parameters and locals are numbered, the parameters first. */
export interface VectorLoop {
  /** How many parameters, all i32. */
  readonly parameters: number;
  /** Whether it gives an i32. */
  readonly hasResult: boolean;
  /** Locals behind the parameters: so many vectors, then so many i32, then so many i64. */
  readonly vectors: number;
  readonly integers: number;
  readonly longs?: number;
  readonly code: Code;
}

const WASM_PAGE = 65536;
const [I32, I64, V128] = [0x7f, 0x7e, 0x7b] as const;

const isHere = (): boolean => typeof WebAssembly === "object";

/** Zeros. Without WebAssembly it is memory like any other. */
export function linearMemory(length: number): LinearMemory {
  return isHere()
    ? new WebAssembly.Memory({ initial: Math.ceil(length / WASM_PAGE) })
    : { buffer: new ArrayBuffer(length) };
}

/**
 * The loop as a function over `memory`, which takes and gives what `loop` says; undefined where the runtime has no
 * WebAssembly, or none with vectors: then a plain loop must do.
 */
export function compileLoop(
  memory: LinearMemory,
  loop: VectorLoop,
): ((...values: readonly number[]) => number) | undefined {
  if (!isHere() || !(memory instanceof WebAssembly.Memory)) return undefined;
  const bytes = moduleBytes(loop);
  if (!WebAssembly.validate(bytes)) return undefined;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { host: { memory } });
  // The only export, with the signature of section 1; without a result it gives undefined, which nobody looks at.
  return exports["run"] as (...values: readonly number[]) => number;
}

const section = (id: number, content: Code): Code => [id, ...unsigned(content.length), ...content];
const name = (text: string): Code => [text.length, ...Buffer.from(text)];

/** A module of one function that imports its memory (WebAssembly Core Specification 2.0, section 5.5). */
function moduleBytes({ parameters, hasResult, vectors, integers, longs = 0, code }: VectorLoop): Uint8Array {
  const locals = [3, vectors, V128, integers, I32, longs, I64];
  const body = [...locals, ...code, END];
  const types = [0x60, parameters, ...new Array<number>(parameters).fill(I32)];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, ...types, ...(hasResult ? [1, I32] : [0])]),
    ...section(2, [1, ...name("host"), ...name("memory"), 0x02, 0x00, 1]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...name("run"), 0x00, 0]),
    ...section(10, [1, ...unsigned(body.length), ...body]),
  ]);
}
