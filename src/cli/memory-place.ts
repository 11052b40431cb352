import { openTree } from "../archive/index.ts";
import { findSymbol, loadedModules } from "../corefile/index.ts";
import type { AddressSpace, CheckpointMemory } from "../memory/index.ts";
import { cliErrors } from "./errors.ts";
import { parseAddress } from "./memory-target.ts";

const REGISTER = /^[%$]?([a-z][a-z0-9_]*?)(?:([+-])(0x[0-9a-f]{1,16}|[0-9]{1,19}))?$/i;
/** What every machine has, by the names that people know. */
const COMMON: Readonly<Record<string, "programCounter" | "stackPointer">> = {
  pc: "programCounter",
  sp: "stackPointer",
};

/**
 * An address as people write it: a number, a register of the thread, or a symbol, the last two with an offset. Throws
 * `cli.usage`.
 */
export async function placeOf(
  text: string,
  memory: CheckpointMemory,
  space: AddressSpace,
  tid: number,
  sysroot: string | undefined,
): Promise<bigint> {
  if (/^[0-9]/.test(text)) return parseAddress(text, "--address", "memory");
  const found =
    (await registerOf(text, memory, space, tid)) ?? (await symbolOf(text, memory, space, sysroot));
  if (found !== undefined) return found;
  throw cliErrors.usage(
    `--address takes a number, a register or a symbol, and "${text}" is none that is known here. Symbols are in the files: --sysroot names them.`,
    "memory",
  );
}

async function registerOf(
  text: string,
  { checkpoint }: CheckpointMemory,
  { pid }: AddressSpace,
  tid: number,
): Promise<bigint | undefined> {
  const [, name = "", sign, offset] = REGISTER.exec(text) ?? [];
  const { value: threads } = await checkpoint.threads(pid);
  const registers = threads.find((thread) => thread.tid === tid)?.registers;
  if (registers === undefined) return undefined;
  const wanted = name.toLowerCase();
  const common = COMMON[wanted];
  // CRIU calls rax "ax".
  const value =
    common === undefined
      ? (registers.general[wanted] ?? registers.general[wanted.replace(/^r/, "")])
      : registers[common];
  const by = BigInt(offset ?? "0");
  return value === undefined ? undefined : BigInt.asUintN(64, sign === "-" ? value - by : value + by);
}

async function symbolOf(
  text: string,
  memory: CheckpointMemory,
  space: AddressSpace,
  sysroot: string | undefined,
): Promise<bigint | undefined> {
  const tree = sysroot === undefined ? undefined : await openTree(sysroot);
  const modules = loadedModules(memory, space, tree);
  try {
    return (await findSymbol(modules, text))?.address;
  } finally {
    await modules.close();
    await tree?.close();
  }
}
