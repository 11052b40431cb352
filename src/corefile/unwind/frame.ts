import type { FunctionAt } from "../dwarf/info/index.ts";
import type { Scope } from "../dwarf/info/functions.ts";
import type { SourceLine } from "../dwarf/lines.ts";
import type { LoadedModule } from "./loaded-modules.ts";

/**
 * How a frame was found. `registers`: the innermost, as the thread stood. `cfi`: by call frame information, which is
 * as sure as the stack is whole. `signal frame`: by the registers that the kernel put on the stack when it called a
 * handler, as sure. `return address`: it had just been called, which is all but sure. `go table`: by Go's own table of stack depths, as sure. `frame pointer`: by the chain of saved frame
 * pointers, which leaves out functions that keep none. `scan`: a word on the stack that looks like a return address, which may be left over from an earlier call.
 */
export type FoundBy =
  "registers" | "cfi" | "signal frame" | "return address" | "go table" | "frame pointer" | "scan";

/** One call that had not returned. */
export interface Frame {
  readonly foundBy: FoundBy;
  /** Of the innermost frame the next instruction; of the others the one behind the call. */
  readonly programCounter: bigint;
  /** The value of the stack pointer before the call. Undefined where no rule says it. */
  readonly cfa: bigint | undefined;
  /** What is known of the registers as they were in this frame, by DWARF's numbers. */
  readonly registers: ReadonlyMap<number, bigint>;
  readonly module: LoadedModule | undefined;
  /** The linker's address of the instruction that is or was under way; undefined where no module is known. */
  readonly codeAddress: bigint | undefined;
  /** The function, and how far `programCounter` is from its symbol, which has another name where names are mangled. */
  readonly function:
    { readonly name: string; readonly offset: bigint; readonly symbol: string | undefined } | undefined;
  /** A call that the compiler put in place of itself: it shares its place on the stack with the frame behind it. */
  readonly isInlined: boolean;
  /** What debug information says of the function. */
  readonly scope: Scope | undefined;
  /** The functions from this frame's to the one that is no inlined call. */
  readonly functions?: readonly FunctionAt[];
  readonly source: SourceLine | undefined;
  /** The kernel called this one: a handler of a signal was entered from the frame above it. */
  readonly isSignalFrame: boolean;
}

/** Why a walk ended. */
export type StackEnd =
  /** The outermost function, by its own word. */
  | "outermost"
  /** The next frame would be no further out than this one. */
  | "cycle"
  /** Memory or a register that is needed can't be had, or nothing more was found. */
  | "lost"
  /** As many frames as are walked at most. */
  | "limit"
  /** Stacks of this machine aren't walked. */
  | "machine";

export interface Stack {
  readonly frames: readonly Frame[];
  readonly end: StackEnd;
}
