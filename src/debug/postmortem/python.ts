import { findPythonRuntime, pythonThreads } from "../../corefile/index.ts";
import type { Frame, PythonFrame, PythonThread } from "../../corefile/index.ts";
import type { FrozenTarget, FrozenThread } from "./target.ts";
import { shown } from "./variable.ts";
import type { Variable } from "./variable.ts";

/** The loop of CPython in which Python code runs. */
const EVAL = /^_PyEval_EvalFrameDefault(\.|$)/;

/** The Python threads of a process; none where no interpreter of a known version is found. */
export async function readPythonThreads(target: FrozenTarget, pid: number): Promise<readonly PythonThread[]> {
  const [space, modules] = await Promise.all([target.space(pid), target.modules(pid)]);
  const runtime = await findPythonRuntime(space, modules);
  return runtime ? pythonThreads(space, runtime) : [];
}

/**
 * The Python thread that a frozen thread is. By its thread-local memory, which `pthread_self` is the address of on the
 * 64-bit PC, else by its number, which a process that was forked may remember wrongly.
 */
export function pythonThreadOf(
  threads: readonly PythonThread[],
  { thread }: FrozenThread,
): PythonThread | undefined {
  const self = thread.registers?.general["fs_base"];
  return (
    threads.find(({ threadId }) => threadId !== 0n && threadId === self) ??
    threads.find(({ nativeId }) => nativeId === thread.tid)
  );
}

/** A call of a stack in two languages: a Python one has the frame of the loop that runs it, or the innermost. */
export interface MixedFrame {
  readonly frame: Frame;
  readonly python: PythonFrame | undefined;
}

/**
 * Python's calls between those of C: each time C called Python there is a frame of the loop, and the calls that it ran lie
 * above it. Where the loops can't be told, as without the interpreter's file, all of Python's come first.
 */
export function mixFrames(native: readonly Frame[], python: readonly PythonFrame[]): readonly MixedFrame[] {
  const plain = native.map((frame) => ({ frame, python: undefined }));
  const [innermost] = native;
  if (python.length === 0 || innermost === undefined) return plain;
  const runs: PythonFrame[][] = [[]];
  for (const frame of python) {
    runs.at(-1)?.push(frame);
    if (frame.isEntry) runs.push([]);
  }
  const filled = runs.filter(({ length }) => length > 0);
  const loops = native.filter(isLoop).length;
  if (loops !== filled.length)
    return [...python.map((each) => ({ frame: innermost, python: each })), ...plain];
  return plain.flatMap((each) =>
    isLoop(each.frame) ? [...(filled.shift() ?? []).map((run) => ({ ...each, python: run })), each] : [each],
  );
}

const isLoop = ({ function: called }: Frame): boolean => EVAL.test(called?.symbol ?? "");

/** The arguments and variables of a Python frame. */
export async function pythonRows(frame: PythonFrame): Promise<readonly Variable[]> {
  return (await frame.locals()).map(({ name, type, value }) => ({
    ...{ name: shown(name), value: shown(value), type: shown(type) },
    ...(/^[A-Za-z_]\w*$/.test(name) && { expression: name }),
  }));
}
