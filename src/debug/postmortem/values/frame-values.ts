import { callerOf, demangled, variableValue } from "../../../corefile/index.ts";
import type {
  DataType,
  DataValue,
  ValueContext,
  Variable as DeclaredVariable,
} from "../../../corefile/index.ts";
import type { Registers } from "../../../checkpoint/index.ts";
import type { FrozenFrame, FrozenTarget } from "../target.ts";
import type { Variable } from "../variable.ts";
import { valueRow } from "./render.ts";
import type { RenderPlace } from "./render.ts";

/** Vector registers by DWARF's numbers: the first of them, how many, bytes of each, words of CRIU's list. */
const VECTORS: Readonly<
  Record<string, { first: number; count: number; list: string; words: number; bytes: 4 | 8 }>
> = {
  X86_64: { first: 17, count: 16, list: "xmm_space", words: 4, bytes: 4 },
  AARCH64: { first: 64, count: 32, list: "vregs", words: 2, bytes: 8 },
};

function vectorOf({ architecture, floating }: Registers, number: number): Uint8Array | undefined {
  const shape = VECTORS[architecture];
  const index = shape ? number - shape.first : -1;
  if (shape === undefined || index < 0 || index >= shape.count) return undefined;
  const words = floating[shape.list]?.slice(index * shape.words, (index + 1) * shape.words);
  if (words?.length !== shape.words) return undefined;
  const bytes = Buffer.alloc(16);
  for (const [at, word] of words.entries())
    if (shape.bytes === 4) bytes.writeUInt32LE(Number(BigInt.asUintN(32, word)), at * 4);
    else bytes.writeBigUInt64LE(BigInt.asUintN(64, word), at * 8);
  return bytes;
}

/** Where the values of a frame are read. */
async function valueContext(target: FrozenTarget, frozen: FrozenFrame): Promise<ValueContext> {
  const { thread, frame, index } = frozen;
  const { frames } = await target.stack(thread);
  const { registers } = thread.thread;
  const isInnermost = frames.slice(0, index + 1).every(({ foundBy }) => foundBy === "registers");
  return {
    space: await target.space(thread.process.pid),
    frame,
    caller: callerOf(frames, index),
    // Functions may use vector registers as they like: only the innermost has them as they are.
    ...(isInnermost && registers && { wide: (number: number) => vectorOf(registers, number) }),
  };
}

export async function renderPlace(target: FrozenTarget, pid: number): Promise<RenderPlace> {
  const modules = await target.modules(pid);
  return {
    pid,
    space: await target.space(pid),
    async symbol(address) {
      const module = await modules.at(address);
      const linked = module && address - module.bias;
      const symbol =
        linked === undefined ? undefined : await module?.symbols.at(linked).catch(() => undefined);
      if (symbol === undefined || linked === undefined) return undefined;
      const offset = linked - symbol.address;
      const name = demangled(symbol.name);
      return offset === 0n ? name : `${name}+${offset}`;
    },
  };
}

/** What the function of a frame declares, without the values. */
export async function declaredVariables(
  { frame }: FrozenFrame,
  which: "arguments" | "locals",
): Promise<readonly DeclaredVariable[]> {
  if (frame.scope === undefined) return [];
  return (await frame.module?.debugInfo.variables(frame.scope))?.[which] ?? [];
}

/** The arguments or locals of a frame. */
export async function frameVariables(
  target: FrozenTarget,
  frozen: FrozenFrame,
  which: "arguments" | "locals",
): Promise<readonly Variable[]> {
  return rowsOf(target, frozen, await declaredVariables(frozen, which));
}

/** Variables of no function, of the source that the frame's is in. */
export async function staticVariables(
  target: FrozenTarget,
  frozen: FrozenFrame,
): Promise<readonly Variable[]> {
  const { module, codeAddress } = frozen.frame;
  const found = codeAddress === undefined ? [] : await module?.debugInfo.statics(codeAddress);
  return rowsOf(target, frozen, found ?? []);
}

async function rowsOf(
  target: FrozenTarget,
  frozen: FrozenFrame,
  variables: readonly DeclaredVariable[],
): Promise<readonly Variable[]> {
  const context = await valueContext(target, frozen);
  const place = await renderPlace(target, frozen.thread.process.pid);
  const seen = new Set<string>();
  const rows: Variable[] = [];
  for (const variable of variables) {
    const { name } = variable;
    // One of an outer block that one of an inner block hides can't be asked for by its name.
    const isHidden = seen.has(name);
    seen.add(name);
    rows.push(
      await valueRow(place, name, await variableValue(context, variable), isHidden ? undefined : name),
    );
  }
  return rows;
}

/** The variable that a name means in a frame: a local, an argument, one of its source's, or one of any source of a module. */
export async function namedVariable(
  target: FrozenTarget,
  frozen: FrozenFrame,
  name: string,
): Promise<DataValue | undefined> {
  const { module, scope, codeAddress } = frozen.frame;
  if (module === undefined || codeAddress === undefined) return undefined;
  const { debugInfo } = module;
  const own = scope && (await debugInfo.variables(scope));
  const found =
    [...(own?.locals ?? []), ...(own?.arguments ?? [])].find((each) => each.name === name) ??
    (await debugInfo.statics(codeAddress)).find((each) => isCalled(each, name)) ??
    (await debugInfo.named(name));
  return found && variableValue(await valueContext(target, frozen), found);
}

/** The type that a name means in a frame: of its source, else of any source of its module. */
export async function namedType(
  _target: FrozenTarget,
  { frame: { module, codeAddress } }: FrozenFrame,
  name: string,
): Promise<DataType | undefined> {
  return codeAddress === undefined ? undefined : module?.debugInfo.type(name, codeAddress);
}

/** Namespaces may be left out. */
const isCalled = (variable: DeclaredVariable, name: string): boolean =>
  variable.name === name || variable.name.endsWith(`::${name}`);
