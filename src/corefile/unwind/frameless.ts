// Functions that keep no frame, where nothing else tells of their callers: hand-written code, as musl's system calls, and
// calls to where no code is.
import type { AddressSpace } from "../../memory/index.ts";
import type { Machine } from "../dwarf/registers.ts";
import type { Place } from "./frames-of.ts";
import type { ReadWord, Step } from "./step.ts";

/** A function's instructions are looked through so far for those that set its frame pointer. */
const PROLOGUE = 96;
/** `push %rbp`, `mov %rsp,%rbp`, in both ways to write it. */
const FRAME_POINTER = [Buffer.from([0x55, 0x48, 0x89, 0xe5]), Buffer.from([0x55, 0x48, 0x8b, 0xec])];
const SYSCALL = [0x0f, 0x05];
/** V8's own code runs on the frames of its callers. */
const BORROWS = /^Builtins_/;

/** Whether the function that a place is in sets the frame pointer; undefined where its start or its code isn't known. */
export async function keepsFramePointer(machine: Machine, place: Place): Promise<boolean | undefined> {
  const { module, programCounter, isReturn } = place;
  if (module === undefined || !machine.pushesReturn) return undefined;
  const linked = BigInt.asUintN(64, programCounter - module.bias - (isReturn ? 1n : 0n));
  const symbol = await module.symbols.at(linked).catch(module.onDamage);
  if (symbol === undefined || BORROWS.test(symbol.name)) return undefined;
  const length = Math.min(PROLOGUE, Number(linked - symbol.address));
  const code = await module.elf.readAt(symbol.address, length);
  if (code.length < length) return undefined;
  return FRAME_POINTER.some((instructions) => Buffer.from(code).includes(instructions));
}

/** Whether a place is behind an instruction that enters the kernel. */
export async function isBehindSyscall(
  { machine, space }: { readonly machine: Machine; readonly space: AddressSpace },
  { programCounter, module }: Place,
): Promise<boolean> {
  if (!machine.pushesReturn || programCounter < 2n) return false;
  const loaded = await space.readBytes(programCounter - 2n, 2);
  const bytes =
    loaded.length === 2 || module === undefined
      ? loaded
      : await module.elf.readAt(programCounter - module.bias - 2n, 2);
  return bytes.length === 2 && SYSCALL.every((byte, index) => bytes[index] === byte);
}

/** The caller of what has done nothing since it was called: its return address is where the call put it. */
export async function stepByReturnAddress(
  machine: Machine,
  registers: ReadonlyMap<number, bigint>,
  word: ReadWord,
): Promise<Step | undefined> {
  const stack = registers.get(machine.stackPointer);
  if (stack === undefined) return undefined;
  const { pushesReturn } = machine;
  const programCounter = pushesReturn ? await word(stack) : registers.get(machine.returnAddress);
  if (programCounter === undefined) return undefined;
  const cfa = pushesReturn ? stack + 8n : stack;
  const kept = machine.preserved.flatMap((number) => {
    const value = registers.get(number);
    return value === undefined ? [] : [[number, value] as const];
  });
  return {
    registers: new Map([...kept, [machine.stackPointer, cfa]]),
    ...{ programCounter, cfa, isSignalFrame: false },
  };
}
