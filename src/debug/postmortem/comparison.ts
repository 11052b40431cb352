// An expression that is true or false: two values and what is asked of them.
import { valueNumber } from "../../corefile/index.ts";
import { toCryoscopeError } from "../../bytes/index.ts";
import { postmortemErrors } from "./errors.ts";
import { operandOf, throughReference } from "./evaluate.ts";
import type { EvaluationPlace } from "./evaluate.ts";
import { parseExpression } from "./expression.ts";
import type { Expression } from "./expression.ts";
import { generalRegisters } from "./scopes/registers.ts";
import type { FrozenTarget, FrozenThread } from "./target.ts";

export interface Comparison {
  readonly left: Expression;
  readonly operator: string;
  readonly right: Expression;
}

const OPERATORS: ReadonlyMap<string, (left: bigint, right: bigint) => boolean> = new Map([
  ["==", (left, right) => left === right],
  ["!=", (left, right) => left !== right],
  ["<=", (left, right) => left <= right],
  [">=", (left, right) => left >= right],
  ["<", (left, right) => left < right],
  [">", (left, right) => left > right],
]);

/** Not the end of an arrow. */
const OPERATOR = /==|!=|<=|(?<!-)>=|<|(?<!-)>/g;
const NOTHING: Expression = { kind: "number", value: 0n };

/**
 * Reads `counter > 41`, `$rip == main`; what has no comparison is true when it isn't 0. Throws
 * `postmortem.badExpression` and `.notOneComparison`.
 */
export function parseComparison(text: string): Comparison {
  const [found, another] = text.matchAll(OPERATOR);
  if (another !== undefined) throw postmortemErrors.notOneComparison();
  if (found === undefined) return { left: side(text), operator: "!=", right: NOTHING };
  const [operator] = found;
  return {
    left: side(text.slice(0, found.index)),
    operator,
    right: side(text.slice(found.index + operator.length)),
  };
}

/** `-5` is what is less than nothing. */
const side = (text: string): Expression =>
  parseExpression(text.trimStart().startsWith("-") ? `0${text}` : text);

/**
 * Whether it is true in a thread: its names are those of the innermost call that knows all of them, registers those of
 * the same call. Values are compared as the numbers they are, whatever their sizes and signs. Throws
 * `postmortem.unknownName` and `.untyped` when no call knows them, and as `evaluate` does.
 */
export async function holds(
  target: FrozenTarget,
  thread: FrozenThread,
  { left, operator, right }: Comparison,
): Promise<boolean> {
  const frames = await target.frames(thread);
  let unknown: unknown;
  for (const frame of frames.length > 0 ? frames : [undefined])
    try {
      const place = { target, frame };
      const [a, b] = [await numberOf(place, left), await numberOf(place, right)];
      return OPERATORS.get(operator)?.(a, b) === true;
    } catch (error) {
      if (!isUnknown(error)) throw error;
      // A symbol without its type says more than that there is nothing of the name.
      if (unknown === undefined || toCryoscopeError(error).code === "postmortem.untyped") unknown = error;
    }
  throw unknown;
}

/** Whether an error says that the names mean nothing at a place. */
export const isUnknown = (error: unknown): boolean =>
  ["postmortem.unknownName", "postmortem.untyped"].includes(toCryoscopeError(error).code);

/** The number that a value is, without the 64 bits that the debug console counts in. */
async function numberOf(place: EvaluationPlace, expression: Expression): Promise<bigint> {
  if (expression.kind === "sum") {
    const from = await operandOf(place, expression.left);
    // Pointers count in what they point to, and end where addresses do.
    if (
      typeof from !== "bigint" &&
      !["base", "enum"].includes((await throughReference(place, from)).type.kind)
    )
      return plain(place, expression);
    const { left, right, sign } = expression;
    return (await numberOf(place, left)) + sign * (await numberOf(place, right));
  }
  if (expression.kind === "cast" || (expression.kind === "load" && expression.type)) {
    const { kind } = expression.type ?? {};
    if (kind === "float") throw postmortemErrors.badExpression("Only whole numbers are compared");
    if (expression.kind === "cast") await numberOf(place, expression.value);
    const bits = await plain(place, expression);
    return kind === "signed" ? BigInt.asIntN(64, bits) : bits;
  }
  return plain(place, expression);
}

async function plain(place: EvaluationPlace, expression: Expression): Promise<bigint> {
  const operand = await operandOf(place, expression);
  if (typeof operand === "bigint") {
    if (expression.kind === "symbol") await assertAddress(place, expression.name, operand);
    return operand;
  }
  const pid = place.frame?.thread.process.pid ?? place.target.firstPid;
  const seen = await throughReference(place, operand);
  const number = await valueNumber(await place.target.space(pid), seen);
  if (number !== undefined) return number;
  if (seen.type.kind === "array" && seen.address !== undefined) return seen.address;
  throw postmortemErrors.badExpression(
    `A value that is ${seen.missing ?? "no whole number"} can't be compared`,
  );
}

/** A function's name means where it is; a variable's means its value, which can't be had without a type. */
async function assertAddress({ target, frame }: EvaluationPlace, name: string, value: bigint): Promise<void> {
  if (frame && generalRegisters(frame).get(name) === value) return;
  const space = await target.space(frame?.thread.process.pid ?? target.firstPid);
  if (space.areaAt(value)?.permissions.includes("x") === true) return;
  throw postmortemErrors.untyped(name);
}
