import type { DebugProtocol } from "@vscode/debugprotocol";
import { listCode } from "../../../corefile/index.ts";
import type { ListingRow, SourceLine } from "../../../corefile/index.ts";
import { postmortemErrors } from "../errors.ts";
import { hex, parseReference } from "../memory-reference.ts";
import type { RunningSession } from "../running.ts";
import { sourceOnThisMachine } from "../stack-frame.ts";
import { shown } from "../variable.ts";

/** More than any window has. */
const MAX_ROWS = 4096;
/** What VS Code's Disassembly view shows where nothing can be read. */
const UNREADABLE = "??";

/**
 * Machine code around a place: exactly as many instructions as are asked for. Such as lie where memory can't be had are
 * marked as invalid. Throws `postmortem.noCode` for machines whose code isn't understood.
 */
export async function disassemble(
  { target, configuration, signal }: RunningSession,
  args: DebugProtocol.DisassembleArguments,
): Promise<NonNullable<DebugProtocol.DisassembleResponse["body"]>> {
  const { memoryReference, offset = 0, instructionOffset = 0, instructionCount } = args;
  const { pid, address } = parseReference(memoryReference, target.firstPid);
  const at = BigInt.asUintN(64, address + BigInt(Math.trunc(offset)));
  const architecture = await target.architecture(pid);
  const wanted = Math.max(0, Math.min(Math.trunc(instructionCount), MAX_ROWS));
  // A window may lie before the address, behind it, or around it.
  const before = Math.max(0, -instructionOffset);
  const skipped = Math.max(0, instructionOffset);
  const count = Math.max(0, skipped + wanted - before);
  const rows = await listCode(
    await target.space(pid),
    await target.modules(pid),
    { architecture, address: at },
    { before, count, signal, names: args.resolveSymbols !== false },
  );
  if (rows === undefined) throw postmortemErrors.noCode(architecture);
  const missing = Math.max(0, before + count - rows.length);
  const window = rows.slice(skipped, skipped + wanted - missing);
  const local = new Map<string, DebugProtocol.Source | undefined>();
  let last: SourceLine | undefined;
  const instructions: DebugProtocol.DisassembledInstruction[] = [];
  for (const row of window) {
    const { source } = row;
    if (source && !local.has(source.path))
      local.set(source.path, await sourceOnThisMachine(source.path, configuration));
    const isNewLine = source && (source.path !== last?.path || source.line !== last.line);
    const location = isNewLine ? local.get(source.path) : undefined;
    instructions.push({ ...instructionOf(row), ...(location && { location, line: source?.line ?? 0 }) });
    last = source;
  }
  return { instructions: [...invalidBefore(instructions, missing), ...instructions] };
}

/** Before address 0 there is nothing, and still a row is wanted for it. */
const invalidBefore = (
  [first]: readonly DebugProtocol.DisassembledInstruction[],
  count: number,
): readonly DebugProtocol.DisassembledInstruction[] =>
  Array.from({ length: Math.max(0, count) }, () => ({
    ...{ address: first?.address ?? "0x0", instruction: UNREADABLE, presentationHint: "invalid" as const },
  }));

function instructionOf({
  address,
  bytes,
  text,
  function: called,
  target,
}: ListingRow): DebugProtocol.DisassembledInstruction {
  if (text === undefined)
    return { address: hex(address), instruction: UNREADABLE, presentationHint: "invalid" };
  const symbol = called && `${called.name}+${called.offset}`;
  return {
    address: hex(address),
    instructionBytes: [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" "),
    instruction: shown(target === undefined ? text : `${text}  ; ${named(text, target)}`),
    ...(symbol !== undefined && { symbol: shown(symbol) }),
  };
}

/** `0x401136 <main+0>` without the address where the instruction has it already. */
function named(text: string, target: string): string {
  const [address = "", ...rest] = target.split(" ");
  return rest.length > 0 && text.split(" ").at(-1) === address ? rest.join(" ") : target;
}
