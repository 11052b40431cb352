import type { FoundBy, Frame, JavaScriptFrame } from "../../../corefile/index.ts";
import { javaScriptName, javaScriptSource } from "../javascript.ts";
import { hex, memoryReference } from "../memory-reference.ts";
import type { FrozenFrame } from "../target.ts";
import { shown } from "../variable.ts";
import type { Variable } from "../variable.ts";

/** How a frame was found, in words. */
const FOUND: Readonly<Record<FoundBy, string>> = {
  registers: "the thread's own registers",
  cfi: "call frame information of the program",
  "signal frame": "the registers that the kernel put on the stack when it called the signal's handler",
  "return address": "the return address that the call had just put in its place; nothing was done since",
  "go table": "the table of stack depths that Go's linker leaves in every program",
  "frame pointer": "the chain of frame pointers; functions that keep none are left out",
  scan: "a guess: a word on the stack that looks like a return address",
};

/** `depth3`, or the address where no symbol is known. */
export function frameName({ frame, python, javaScript }: FrozenFrame): string {
  if (javaScript) return shown(javaScriptName(javaScript));
  if (python) return shown(`${python.name} (Python)`);
  const { function: called, module, programCounter } = frame;
  const name = called
    ? called.name
    : module
      ? `${baseName(module.name)}+${hex(programCounter - module.bias)}`
      : hex(programCounter);
  const doubt =
    frame.foundBy === "scan" ? " (guess)" : frame.foundBy === "frame pointer" ? " (frame pointer)" : "";
  return shown(`${frame.isSignalFrame ? "<signal handler called> " : ""}${name}${doubt}`);
}

/** Where the source of a frame is, in whichever language it is. */
export const frameSource = ({ frame, python, javaScript }: FrozenFrame): Frame["source"] => {
  if (python) return { path: python.file, line: python.line, column: 0 };
  return javaScript ? javaScriptSource(javaScript) : frame.source;
};

export const baseName = (path: string): string => path.slice(path.lastIndexOf("/") + 1) || path;

/** What of a compiled function is not told. */
const COMPILED =
  "the first of the function: the engine compiled it, and which line of it runs is not told; functions that were put into it have no frames";

/** What of a Python frame is not Python's. */
const PYTHON =
  "a call that the interpreter keeps in its own memory; address, registers and code are those of the interpreter that runs it";

/** A script may be no file, and its line not the one that runs. */
function javaScriptRows({ script, line, isCurrent }: JavaScriptFrame): readonly Variable[] {
  const value = script === undefined ? "built into the engine" : script === "" ? "evaluated text" : script;
  const rows: Variable[] = [{ name: "script", value: shown(value) }];
  if (line !== undefined && !isCurrent) rows.push({ name: "line", value: COMPILED });
  return rows;
}

/** What is known of a frame itself. */
export function frameRows(frozen: FrozenFrame): readonly Variable[] {
  const { frame, thread } = frozen;
  const { function: called, module, cfa, programCounter, foundBy } = frame;
  const { pid } = thread.process;
  const source = frameSource(frozen);
  const rows: Variable[] = frozen.python ? [{ name: "Python", value: PYTHON }] : [];
  if (frozen.javaScript) rows.push(...javaScriptRows(frozen.javaScript));
  rows.push(
    { name: "found by", value: FOUND[foundBy] },
    {
      name: "address",
      value: hex(programCounter),
      memory: memoryReference({ pid, address: programCounter }),
    },
  );
  const real = frame.functions?.at(-1)?.name ?? called?.symbol;
  if (frame.isInlined) rows.push({ name: "inlined into", value: shown(real ?? "?") });
  else if (called) rows.push({ name: "function", value: shown(`${called.name}+${called.offset}`) });
  if (called?.symbol !== undefined && called.symbol !== called.name)
    rows.push({ name: "symbol", value: shown(called.symbol) });
  if (module)
    rows.push({
      name: "module",
      value: shown(
        `${module.name} at ${hex(module.bias)}, ${module.from === "memory" ? "memory only" : `file from ${module.from}`}`,
      ),
    });
  if (source) rows.push({ name: "source", value: shown(`${source.path}:${source.line}`) });
  if (cfa !== undefined)
    rows.push({ name: "CFA", value: hex(cfa), memory: memoryReference({ pid, address: cfa }) });
  return rows;
}
