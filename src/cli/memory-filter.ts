import { isProtection } from "../memory/index.ts";
import type { MemoryFilter } from "../memory/index.ts";
import type { MappingKind } from "../checkpoint/index.ts";
import { cliErrors } from "./errors.ts";
import { parseAddress, parseCount } from "./memory-target.ts";

/** Options of the commands that look through memory. */
export const FILTER_OPTIONS = {
  pid: { type: "string", multiple: true, default: [] as string[] },
  prot: { type: "string" },
  range: { type: "string" },
  kind: { type: "string", multiple: true, default: [] as string[] },
  dirty: { type: "boolean" },
} as const;

interface FilterValues {
  readonly pid: readonly string[];
  readonly prot?: string | undefined;
  readonly range?: string | undefined;
  readonly kind: readonly string[];
  readonly dirty?: boolean | undefined;
}

/** By the name of each; the type makes sure that none is forgotten. */
const KINDS: Readonly<Record<MappingKind, true>> = {
  file: true,
  anonymous: true,
  shared: true,
  memfd: true,
  heap: true,
  stack: true,
  vdso: true,
  vvar: true,
  vsyscall: true,
  sysv: true,
  socket: true,
  aio: true,
  other: true,
};

/** What the options let through. Throws `cli.usage`. */
export function filterOf(values: FilterValues, command: string): MemoryFilter {
  const { pid, prot, range, kind, dirty } = values;
  if (prot !== undefined && !isProtection(prot))
    throw cliErrors.usage(`--prot takes letters of rwxps, or a whole r-x, not "${prot}".`, command);
  const wrong = kind.find((each) => !Object.hasOwn(KINDS, each));
  if (wrong !== undefined)
    throw cliErrors.usage(`--kind is one of ${Object.keys(KINDS).join(", ")}, not "${wrong}".`, command);
  return {
    ...(pid.length > 0 && { pids: new Set(pid.map((each) => parseCount(each, "--pid", command))) }),
    ...(prot !== undefined && { protection: prot }),
    ...(range !== undefined && { range: parseRange(range, "--range", command) }),
    // Checked just before.
    ...(kind.length > 0 && { kinds: new Set(kind as readonly MappingKind[]) }),
    ...(dirty === true && { dirty }),
  };
}

/** `0x7f00-0x7fff`: the addresses from the first up to, not including, the second. Throws `cli.usage`. */
export function parseRange(
  text: string,
  option: string,
  command: string,
): { readonly start: bigint; readonly end: bigint } {
  const [from, to, more] = text.split("-");
  if (from === undefined || to === undefined || more !== undefined)
    throw cliErrors.usage(`${option} takes START-END, such as 0x7f00-0x8000, not "${text}".`, command);
  const range = { start: parseAddress(from, option, command), end: parseAddress(to, option, command) };
  if (range.end <= range.start) throw cliErrors.usage(`${option} ends behind its start.`, command);
  return range;
}
