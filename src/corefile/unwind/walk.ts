import type { Registers } from "../../checkpoint/index.ts";
import type { AddressSpace } from "../../memory/index.ts";
import { addressBits } from "../address-bits.ts";
import { MACHINES } from "../dwarf/registers.ts";
import type { Machine } from "../dwarf/registers.ts";
import type { FoundBy, Frame, Stack, StackEnd } from "./frame.ts";
import { framesOf } from "./frames-of.ts";
import type { Place } from "./frames-of.ts";
import type { LoadedModule, LoadedModules } from "./loaded-modules.ts";
import { stepBySignalFrame } from "./signal-frame.ts";
import { isBehindSyscall, keepsFramePointer, stepByReturnAddress } from "./frameless.ts";
import { stepByCallFrames, stepByFramePointer, stepByGoTable, stepByScan, wordReader } from "./step.ts";
import type { ReadWord, Step } from "./step.ts";

export interface WalkOptions {
  /** Frames at most; 256 when not given. */
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

const LIMIT = 256;
/** Guesses in a row: behind them nothing is sure any more. */
const MAX_GUESSES = 16;

/** Undefined where stacks of it can't be walked. */
export const machineFor = ({
  architecture,
  compat,
}: Pick<Registers, "architecture" | "compat">): Machine | undefined =>
  compat ? undefined : MACHINES.find((machine) => machine.architecture === architecture);

/** The registers by DWARF's numbers, the program counter in its own. */
function numbered(machine: Machine, { general }: Registers): ReadonlyMap<number, bigint> {
  const registers = new Map<number, bigint>();
  for (const [number, name] of machine.names.entries()) {
    const value = general[name];
    if (value !== undefined) registers.set(number, value);
  }
  return registers;
}

/**
 * The calls a thread is in, innermost first: by call frame information where it can be had, else by frame pointers,
 * else by what looks like a return address. Always ends: each frame is further out than the last. Throws when `signal`
 * says so.
 */
export async function walkStack(
  space: AddressSpace,
  modules: LoadedModules,
  registers: Registers,
  { limit = LIMIT, signal }: WalkOptions = {},
): Promise<Stack> {
  const machine = machineFor(registers);
  if (machine === undefined) return { frames: await innermost(modules, registers), end: "machine" };
  const word = wordReader(space, true);
  const addressMask = (1n << BigInt(machine.signsAddresses ? addressBits(space) : 64)) - 1n;
  const frames: Frame[] = [];
  const { programCounter } = registers;
  let place: Place | undefined = {
    ...{ foundBy: "registers", programCounter, isReturn: false },
    registers: numbered(machine, registers),
    module: await modules.at(programCounter),
  };
  const seen = new Set<string>();
  let guesses = 0;
  let end: StackEnd = "lost";
  while (place) {
    signal?.throwIfAborted();
    if (frames.length >= limit) return { frames, end: "limit" };
    const next = await caller({ machine, space, modules, word, addressMask }, place);
    frames.push(...(await framesOf(place, next?.step)));
    if (next === undefined) break;
    const { step, foundBy } = next;
    // A program that called nothing, by a pointer that is 0, was interrupted there.
    if (step.programCounter === 0n && !step.isSignalFrame) return { frames, end: "outermost" };
    const stack = step.registers.get(machine.stackPointer) ?? 0n;
    const below = place.registers.get(machine.stackPointer) ?? 0n;
    const key = `${step.programCounter} ${stack}`;
    // A handler's own stack may lie above the one it interrupted; a call's frame never does. Who calls nobody may have
    // nothing on the stack where the return address has a register of its own.
    if (seen.has(key) || (!step.isSignalFrame && stack <= below && !(stack === below && !place.isReturn)))
      return { frames, end: "cycle" };
    seen.add(key);
    guesses = foundBy === "scan" ? guesses + 1 : 0;
    if (guesses > MAX_GUESSES) break;
    const module = await modules.at(step.programCounter);
    const isReturn = !step.isSignalFrame;
    if (isReturn && module === undefined && !isCode(space, step.programCounter)) break;
    place = { foundBy, programCounter: step.programCounter, registers: step.registers, module, isReturn };
    end = "lost";
  }
  return { frames, end };
}

/** Where a thread is, which its registers tell whatever the machine is. */
async function innermost(modules: LoadedModules, { programCounter }: Registers): Promise<readonly Frame[]> {
  const module = await modules.at(programCounter);
  const registers = new Map<number, bigint>();
  return framesOf({ foundBy: "registers", programCounter, isReturn: false, registers, module }, undefined);
}

/** Builtins of V8 that frames return to which it wrote itself. */
const RESUMES = /^Builtins_(Interpreter|Baseline\w*)EnterAt|^Builtins_ContinueTo/;

const isCode = (space: AddressSpace, address: bigint): boolean =>
  space.areaAt(address)?.permissions.includes("x") ?? false;

interface Walk {
  readonly machine: Machine;
  readonly space: AddressSpace;
  readonly modules: LoadedModules;
  readonly word: ReadWord;
  /** The bits of a return address that are its address. */
  readonly addressMask: bigint;
}

interface Found {
  readonly step: Step;
  readonly foundBy: FoundBy;
}

async function caller(walk: Walk, place: Place): Promise<Found | undefined> {
  const { machine, space, modules, word, addressMask } = walk;
  const { programCounter, registers, module, isReturn } = place;
  const masked = (step: Step): Step => ({
    ...step,
    programCounter: step.programCounter & addressMask,
  });
  if (module) {
    const address = isReturn ? programCounter - 1n : programCounter;
    // Damaged rules are no rules.
    const step = await stepByCallFrames(machine, module, { address, registers }, word).catch(module.onDamage);
    if (step) return { step: masked(step), foundBy: "cfi" };
  }
  const bySignal = await stepBySignalFrame(machine, space, { programCounter, registers }, word);
  if (bySignal) return { step: bySignal, foundBy: "signal frame" };
  if (module) {
    const address = isReturn ? programCounter - 1n : programCounter;
    const byGo = await stepByGoTable(machine, module, { address, registers }, word).catch(() => undefined);
    if (byGo) return { step: masked(byGo), foundBy: "go table" };
  }
  const isReturnAddress = (address: bigint): Promise<boolean> =>
    looksLikeReturn(machine, space, modules, address);
  const keeps = await keepsFramePointer(machine, place);
  // Who jumped to where no code is, or is stopped in a function that keeps nothing on the stack, has just been called.
  const isCalled = async (): Promise<boolean> =>
    !isCode(space, programCounter) || (keeps === undefined ? isBehindSyscall(walk, place) : !keeps);
  if (!isReturn && (await isCalled())) {
    const byReturn = await stepByReturnAddress(machine, registers, word);
    if (byReturn && (await isReturnAddress(masked(byReturn).programCounter)))
      return { step: masked(byReturn), foundBy: "return address" };
  }
  const scan = async (): Promise<Found | undefined> => {
    const step = await stepByScan(machine, registers, { space, addressMask }, isReturnAddress);
    return step && { step, foundBy: "scan" };
  };
  // The frame pointer is then that of a caller further out: calls would be left out. A guess must lead on to be better.
  const guessed = keeps === false ? await scan() : undefined;
  if (guessed && (await leadsOn(walk, guessed.step, isReturnAddress))) return guessed;
  const byPointer = await stepByFramePointer(machine, registers, word);
  if (byPointer && (await isReturnAddress(masked(byPointer).programCounter)))
    return { step: masked(byPointer), foundBy: "frame pointer" };
  return guessed ?? scan();
}

/** Whether what is guessed to be a caller has, by its call frame information, a caller itself. */
async function leadsOn(
  { machine, modules, word, addressMask }: Walk,
  { programCounter, registers }: Step,
  isReturnAddress: (address: bigint) => Promise<boolean>,
): Promise<boolean> {
  const module = await modules.at(programCounter);
  const at = { address: programCounter - 1n, registers };
  const next = module && (await stepByCallFrames(machine, module, at, word).catch(() => undefined));
  return next !== undefined && isReturnAddress(next.programCounter & addressMask);
}

/** Whether an address lies behind a call: in code, and where its bytes can be had, those before it are one. */
async function looksLikeReturn(
  machine: Machine,
  space: AddressSpace,
  modules: LoadedModules,
  address: bigint,
): Promise<boolean> {
  if (address < 16n || !isCode(space, address - 1n)) return false;
  const before = await space.readBytes(address - 8n, 8);
  if (before.length === 8 && machine.isCall(before)) return true;
  const module = await modules.at(address);
  if (module && (await isResumption(module, address))) return true;
  if (before.length === 8) return false;
  const linked = module && (await module.elf.readAt(address - module.bias - 8n, 8));
  // Where nobody has the code, any address in a program's may be one: the frame says that it is a guess.
  return linked?.length === 8 ? machine.isCall(linked) : space.areaAt(address)?.fileId !== undefined;
}

/**
 * Where a function that V8 has taken back from compiled code goes on: the frames that it wrote for its callers return to
 * the start of code of its own, behind no call (`src/deoptimizer/deoptimizer.cc`).
 */
async function isResumption({ symbols, bias, onDamage }: LoadedModule, address: bigint): Promise<boolean> {
  const linked = BigInt.asUintN(64, address - bias);
  const symbol = await symbols.at(linked).catch(onDamage);
  return symbol?.address === linked && RESUMES.test(symbol.name);
}
