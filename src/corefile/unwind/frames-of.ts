import { demangled } from "../demangle/index.ts";
import type { FunctionAt } from "../dwarf/info/index.ts";
import type { ElfSymbol } from "../elf/symbols.ts";
import type { FoundBy, Frame } from "./frame.ts";
import type { LoadedModule } from "./loaded-modules.ts";
import type { Step } from "./step.ts";

/** What a walk is in the middle of: one call's place on the stack. */
export interface Place {
  readonly foundBy: FoundBy;
  readonly programCounter: bigint;
  readonly registers: ReadonlyMap<number, bigint>;
  readonly module: LoadedModule | undefined;
  /** The program counter is behind a call: rules and lines are asked for at the call itself. */
  readonly isReturn: boolean;
}

/**
 * The frames of one place on the stack: that of the function, and before it one for each call in it that was inlined.
 * Their names are those of the source where debug information has them, else symbols.
 */
export async function framesOf(place: Place, step: Step | undefined): Promise<readonly Frame[]> {
  const { foundBy, programCounter, registers, module, isReturn } = place;
  // What returns from a handler was called by nobody: the kernel put its start there.
  const asked = isReturn && step?.isSignalFrame !== true ? programCounter - 1n : programCounter;
  const linked = module && BigInt.asUintN(64, asked - module.bias);
  const bare = {
    ...{ foundBy, programCounter, registers, module, codeAddress: linked },
    cfa: step?.cfa,
    isSignalFrame: step?.isSignalFrame ?? false,
  };
  if (module === undefined || linked === undefined)
    return [{ ...bare, function: undefined, source: undefined, scope: undefined, isInlined: false }];
  const symbol = await module.symbols.at(linked).catch(module.onDamage);
  let source = await module.lines.at(linked).catch(module.onDamage);
  const functions = await module.debugInfo.functionsAt(linked);
  const frames: Frame[] = [];
  for (const [index, called] of functions.entries()) {
    frames.push({
      ...bare,
      ...{ source, isInlined: called.isInlined, scope: called.scope, functions: functions.slice(index) },
      function: named(place, symbol, called),
    });
    source = called.calledFrom;
  }
  if (frames.length > 0) return frames;
  return [{ ...bare, source, isInlined: false, scope: undefined, function: named(place, symbol, undefined) }];
}

function named(
  { programCounter, module }: Place,
  symbol: ElfSymbol | undefined,
  called: FunctionAt | undefined,
): Frame["function"] {
  // The symbol is that of the function around an inlined one.
  const name = called?.name ?? (symbol && !called?.isInlined ? demangled(symbol.name) : undefined);
  if (name === undefined) return undefined;
  const offset = symbol ? programCounter - (module?.bias ?? 0n) - symbol.address : 0n;
  return { name, offset, symbol: symbol?.name };
}
