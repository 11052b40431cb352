import type { DataType, Member } from "../dwarf/info/types.ts";
import type { LoadedModule } from "../unwind/loaded-modules.ts";

/** Where things are in Go's `runtime.g`, in bytes from its start. */
export interface GoroutineLayout {
  readonly size: number;
  readonly stackLow: number;
  readonly stackHigh: number;
  /** Stack pointer, program counter and frame pointer of one that no thread runs. */
  readonly stack: number;
  readonly counter: number;
  readonly frame: number;
  /** Stack pointer and program counter of one that is in a call of the kernel. */
  readonly callStack: number;
  readonly callCounter: number;
  readonly status: number;
  readonly id: number;
  readonly waitReason: number;
}

/** `runtime.g` has some 400 bytes. */
const MAX_SIZE = 65_536;

/** The layout that the program's debug information has; undefined where it has none. It differs from version to version. */
export async function goroutineLayout({ debugInfo }: LoadedModule): Promise<GoroutineLayout | undefined> {
  const type = await debugInfo.type("runtime.g", 0n);
  if (type?.kind !== "record" || type.size > MAX_SIZE) return undefined;
  const at = async (...path: readonly string[]): Promise<number> => {
    let within: DataType = type;
    let offset = 0;
    for (const name of path) {
      const members: readonly Member[] = within.kind === "record" ? await within.members() : [];
      const member: Member | undefined = members.find((each) => each.name === name);
      if (member === undefined) throw new RangeError(`runtime.g has no ${path.join(".")}.`);
      offset += member.offset;
      within = await member.type();
    }
    // The widest that is read there.
    if (offset + 8 > type.size) throw new RangeError(`${path.join(".")} lies behind the end of runtime.g.`);
    return offset;
  };
  return {
    size: type.size,
    stackLow: await at("stack", "lo"),
    stackHigh: await at("stack", "hi"),
    stack: await at("sched", "sp"),
    counter: await at("sched", "pc"),
    frame: await at("sched", "bp"),
    callStack: await at("syscallsp"),
    callCounter: await at("syscallpc"),
    status: await at("atomicstatus"),
    id: await at("goid"),
    waitReason: await at("waitreason"),
  };
}
