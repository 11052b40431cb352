import { findV8, javaScriptFrames } from "../../corefile/index.ts";
import type { Frame, JavaScriptFrame, Stack, V8Runtime } from "../../corefile/index.ts";
import type { FrozenTarget, FrozenThread } from "./target.ts";

/** The JavaScript of a target's stacks: the V8 of each process is looked for once, and each stack read once. */
export class JavaScriptCalls {
  readonly #engines = new Map<number, Promise<V8Runtime | undefined>>();
  readonly #calls = new WeakMap<Stack, Promise<ReadonlyMap<Frame, JavaScriptFrame>>>();

  constructor(private readonly target: FrozenTarget) {}

  /** The calls of JavaScript among a stack's frames; none where there is no V8 that tells how to read it. */
  of({ process, thread }: FrozenThread, stack: Stack): Promise<ReadonlyMap<Frame, JavaScriptFrame>> {
    const read = async (): Promise<ReadonlyMap<Frame, JavaScriptFrame>> => {
      const engine = await this.#engine(process.pid);
      if (engine === undefined || thread.registers === undefined) return NONE;
      return javaScriptFrames(engine, await this.target.space(process.pid), stack.frames, thread.registers);
    };
    const calls = this.#calls.get(stack) ?? read().catch(() => NONE);
    this.#calls.set(stack, calls);
    return calls;
  }

  #engine(pid: number): Promise<V8Runtime | undefined> {
    const find = async (): Promise<V8Runtime | undefined> =>
      findV8(await this.target.space(pid), await this.target.modules(pid));
    const engine = this.#engines.get(pid) ?? find().catch(() => undefined);
    this.#engines.set(pid, engine);
    return engine;
  }
}

const NONE: ReadonlyMap<Frame, JavaScriptFrame> = new Map();

/** How a function of JavaScript is called in lists. */
export function javaScriptName({ name, script, line, isCurrent }: JavaScriptFrame): string {
  const called = name === "" ? "(anonymous)" : name;
  if (script === undefined) return `${called} (JavaScript, built in)`;
  if (isCurrent) return `${called} (JavaScript)`;
  // Only the compiler knows where in a compiled function it is, and which other functions it has put into it.
  const place = line === undefined ? "" : "first line, ";
  return `${called} (JavaScript, compiled: ${place}without calls inlined in it)`;
}

/** Where its source is; undefined for what is no file, as the scripts that are part of Node. */
export function javaScriptSource({ script = "", line, column }: JavaScriptFrame): Frame["source"] {
  const path = pathOf(script);
  return path === undefined || line === undefined ? undefined : { path, line, column };
}

/** Modules have addresses for names. */
function pathOf(script: string): string | undefined {
  if (!script.startsWith("file://")) return /^(\/|[A-Za-z]:[\\/])/.test(script) ? script : undefined;
  try {
    return decodeURIComponent(new URL(script).pathname);
  } catch {
    return undefined;
  }
}
