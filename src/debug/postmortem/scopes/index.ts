import { pythonRows } from "../python.ts";
import type { FrozenFrame, FrozenTarget } from "../target.ts";
import { declaredVariables, frameVariables, staticVariables } from "../values/frame-values.ts";
import type { Variable } from "../variable.ts";
import { frameRows } from "./frame.ts";
import { argumentRows, credentialRows, environmentRows, openFileRows, signalRows } from "./process.ts";
import { floatingRows, generalRows } from "./registers.ts";

/** A group of the Variables view. */
export interface Scope {
  readonly name: string;
  /** What the editor may mark it as. */
  readonly hint?: "arguments" | "locals" | "registers";
  /** Frames that have such a group; all when not given. */
  isFor?(frame: FrozenFrame): boolean | Promise<boolean>;
  /** Not opened unless asked for. */
  readonly expensive: boolean;
  rows(target: FrozenTarget, frame: FrozenFrame): Promise<readonly Variable[]> | readonly Variable[];
}

const hasDebugInfo = ({ frame, python }: FrozenFrame): boolean =>
  python === undefined && frame.scope !== undefined;

/** A group without a row would only be in the way: editors open the first one by themselves. */
const declares =
  (which: "arguments" | "locals") =>
  async (frozen: FrozenFrame): Promise<boolean> =>
    hasDebugInfo(frozen) && (await declaredVariables(frozen, which)).length > 0;

/** The scopes of every frame, in the order they are shown. A new one is a row. */
export const SCOPES: readonly Scope[] = [
  {
    ...{
      name: "Python Locals",
      hint: "locals",
      expensive: false,
      isFor: ({ python }) => python !== undefined,
    },
    rows: (_target, { python }) => (python ? pythonRows(python) : []),
  },
  {
    ...{ name: "Arguments", hint: "arguments", expensive: false, isFor: declares("arguments") },
    rows: (target, frame) => frameVariables(target, frame, "arguments"),
  },
  {
    ...{ name: "Locals", hint: "locals", expensive: false, isFor: declares("locals") },
    rows: (target, frame) => frameVariables(target, frame, "locals"),
  },
  { name: "Statics", expensive: true, isFor: hasDebugInfo, rows: staticVariables },
  { name: "Frame", expensive: false, rows: (_target, frame) => frameRows(frame) },
  { name: "Registers", hint: "registers", expensive: false, rows: (_target, frame) => generalRows(frame) },
  {
    // Of the others nothing is known.
    ...{ name: "Floating Point and Vectors", hint: "registers", expensive: true },
    isFor: ({ index, thread }) => index === 0 && thread.goroutine === undefined,
    rows: (_target, frame) => floatingRows(frame),
  },
  { name: "Program Arguments", expensive: true, rows: (_target, { thread }) => argumentRows(thread) },
  { name: "Environment", expensive: true, rows: (target, { thread }) => environmentRows(target, thread) },
  { name: "Open Files", expensive: true, rows: (target, { thread }) => openFileRows(target, thread) },
  { name: "Signals", expensive: true, rows: (target, { thread }) => signalRows(target, thread) },
  { name: "Credentials", expensive: true, rows: (_target, { thread }) => credentialRows(thread) },
];
