import type { V8Layout } from "./layout.ts";
import type { V8Objects } from "./objects.ts";

/** What V8 knows of a function. */
export interface V8Function {
  /** As its source has it, or what V8 made of where it was assigned to; "" where it has none. */
  readonly name: string;
  readonly script: V8Script | undefined;
  /** Where in the script it is, from its parameters on; undefined where that isn't told. */
  readonly range: { readonly start: number; readonly end: number } | undefined;
}

export interface V8Script {
  /** A path, or an address such as `node:internal/timers`; "" of text that was evaluated. */
  readonly name: string;
  /** The reference of its text. */
  readonly source: bigint;
  readonly length: number;
}

const WORD = 8;
/** Locals whose names are kept in a table of their own (`kScopeInfoMaxInlinedLocalNamesSize`). */
const MANY_LOCALS = 75;
/** Where newer versions have the range: before the names of the locals, else behind the function's own. */
const EARLY_RANGE = 5;

/** The function that `word` refers to; undefined for what is no function. */
export async function v8Function(
  objects: V8Objects,
  layout: V8Layout,
  word: bigint,
): Promise<V8Function | undefined> {
  const { types } = layout;
  const shared = await objects.field(word, layout.shared);
  if (shared === undefined || (await objects.type(shared)) !== types.sharedFunction) return undefined;
  const script = await scriptOf(objects, layout, await objects.field(shared, layout.script));
  const named = await objects.field(shared, layout.name);
  if (named === undefined) return undefined;
  const { name = "", range } =
    (await objects.type(named)) === types.scope
      ? await scopeOf(objects, layout, named)
      : { name: await objects.text(named) };
  const isIn = range && range.start >= 0 && range.start <= range.end && range.end <= (script?.length ?? -1);
  return { name, script, range: isIn ? range : undefined };
}

async function scriptOf(
  objects: V8Objects,
  layout: V8Layout,
  word: bigint | undefined,
): Promise<V8Script | undefined> {
  if (word === undefined || (await objects.type(word)) !== layout.types.script) return undefined;
  const name = (await objects.text(await objects.field(word, layout.scriptName))) ?? "";
  const source = await objects.field(word, layout.scriptSource);
  const length = source === undefined ? undefined : await objects.textLength(source);
  return source === undefined ? undefined : { name, source, length: length ?? 0 };
}

/**
 * Name and range of a function by its `ScopeInfo` (`src/objects/scope-info.tq`). Behind the locals lie the function's
 * name with a number, then a name that was inferred, each where there is one, and in older versions the two ends of the
 * range.
 */
async function scopeOf(
  objects: V8Objects,
  { scope }: V8Layout,
  object: bigint,
): Promise<{ readonly name?: string; readonly range?: V8Function["range"] }> {
  const at = (index: number): Promise<bigint | undefined> => objects.field(object, WORD * (1 + index));
  const numberAt = async (index: number): Promise<number | undefined> => objects.small(await at(index));
  const textAt = async (index: number): Promise<string | undefined> => objects.text(await at(index));
  const count = await numberAt(scope.count);
  if (count === undefined || count < 0 || count > 0xffff) return {};
  const isEarly = scope.first >= EARLY_RANGE;
  let index = scope.first + (count < MANY_LOCALS ? count : 1) + count;
  const names: string[] = [];
  const own = await textAt(index);
  // With the place of its own variable, or -1.
  if (own !== undefined && (await numberAt(index + 1)) !== undefined) {
    names.push(own);
    index += 2;
  }
  // What V8 made of where the function was assigned to, or undefined.
  if ((await numberAt(index)) === undefined) {
    names.push((await textAt(index)) ?? "");
    index++;
  }
  const from = isEarly ? scope.first - 2 : index;
  const [start, end] = [await numberAt(from), await numberAt(from + 1)];
  const name = names.find((each) => each !== "");
  return {
    ...(name !== undefined && { name }),
    ...(start !== undefined && end !== undefined && { range: { start, end } }),
  };
}
