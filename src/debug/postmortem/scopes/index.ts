import type { FrozenFrame, FrozenTarget } from "../target.ts";
import type { Variable } from "../variable.ts";
import { frameRows } from "./frame.ts";
import { argumentRows, credentialRows, environmentRows, openFileRows, signalRows } from "./process.ts";
import { floatingRows, generalRows } from "./registers.ts";

/** A group of the Variables view. */
export interface Scope {
  readonly name: string;
  /** Shows registers, which the editor marks as such. */
  readonly isRegisters?: boolean;
  /** Not opened unless asked for. */
  readonly expensive: boolean;
  rows(target: FrozenTarget, frame: FrozenFrame): Promise<readonly Variable[]> | readonly Variable[];
}

/** The scopes of every frame, in the order they are shown. A new one is a row. */
export const SCOPES: readonly Scope[] = [
  { name: "Frame", expensive: false, rows: (_target, frame) => frameRows(frame) },
  { name: "Registers", isRegisters: true, expensive: false, rows: (_target, frame) => generalRows(frame) },
  {
    name: "Floating Point and Vectors",
    isRegisters: true,
    expensive: true,
    rows: (_target, frame) => floatingRows(frame),
  },
  { name: "Arguments", expensive: true, rows: (_target, { thread }) => argumentRows(thread) },
  { name: "Environment", expensive: true, rows: (target, { thread }) => environmentRows(target, thread) },
  { name: "Open Files", expensive: true, rows: (target, { thread }) => openFileRows(target, thread) },
  { name: "Signals", expensive: true, rows: (target, { thread }) => signalRows(target, thread) },
  { name: "Credentials", expensive: true, rows: (_target, { thread }) => credentialRows(thread) },
];
