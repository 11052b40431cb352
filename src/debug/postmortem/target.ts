import type { FileTree } from "../../archive/index.ts";
import type { Checkpoint, Process, Thread } from "../../checkpoint/index.ts";
import { findGoroutines, loadedModules, walkStack } from "../../corefile/index.ts";
import type {
  DamagedModule,
  Frame,
  Goroutine,
  JavaScriptFrame,
  LoadedModules,
  PythonFrame,
  PythonThread,
  Stack,
} from "../../corefile/index.ts";
import type { AddressSpace, CheckpointMemory } from "../../memory/index.ts";
import { postmortemErrors } from "./errors.ts";
import { JavaScriptCalls } from "./javascript.ts";
import { MAX_LABELS } from "./stack-end.ts";
import { mixFrames, pythonThreadOf, readPythonThreads } from "./python.ts";

/** A thread with the id it has in this session: pids are unique in one pid namespace only. */
export interface FrozenThread {
  readonly id: number;
  readonly process: Process;
  readonly thread: Thread;
  /** A goroutine that no thread runs; `thread` is the process's first, with the registers that the goroutine kept. */
  readonly goroutine?: Goroutine;
}

export interface FrozenFrame {
  readonly id: number;
  readonly thread: FrozenThread;
  /** Of `frame` among those of the machine. */
  readonly index: number;
  readonly frame: Frame;
  /** A call in Python; `frame` is that of the interpreter which runs it. */
  readonly python?: PythonFrame | undefined;
  /** The call in JavaScript that `frame` is. */
  readonly javaScript?: JavaScriptFrame | undefined;
}

/** Frames of one thread; ids of frames leave room for so many. */
const MAX_FRAMES = 512;
const ID_STEP = 1024;
/** Stacks that are kept; walking one again costs little. */
const MAX_STACKS = 128;

/** The id of a row about a stack, behind those of its frames. */
export const labelId = ({ id }: FrozenThread, frames: readonly FrozenFrame[], index: number): number =>
  id * ID_STEP + frames.length + index;

/** The frozen processes that a session is about. Immutable, read when asked. */
export class FrozenTarget {
  readonly #stacks = new Map<number, Promise<Stack>>();
  readonly #modules = new Map<number, Promise<LoadedModules>>();
  readonly #python = new Map<number, Promise<readonly PythonThread[]>>();
  readonly #javaScript = new JavaScriptCalls(this);
  readonly #crowded: number[] = [];
  #threads: Promise<readonly FrozenThread[]> | undefined;

  constructor(
    readonly checkpoint: Checkpoint,
    readonly memory: CheckpointMemory,
    readonly processes: readonly Process[],
    /** Has the debug files of programs; stays the caller's. */
    private readonly sysroot?: FileTree,
    /** Is told of each module whose debug information is damaged. */
    private readonly tell?: (damaged: DamagedModule) => void,
  ) {}

  /** The process that what names none is about. */
  get firstPid(): number {
    return (this.processes.find(({ state }) => state !== "zombie") ?? this.processes[0])?.pid ?? 0;
  }

  /** The processes that have more goroutines than `threads` lists, once it has listed them. */
  get crowded(): readonly number[] {
    return this.#crowded;
  }

  /** All threads, by process, and behind them the goroutines that none of them runs; a zombie has none. */
  threads(): Promise<readonly FrozenThread[]> {
    this.#threads ??= this.#readThreads();
    return this.#threads;
  }

  /** Throws `postmortem.noThread`. */
  async thread(id: number): Promise<FrozenThread> {
    const thread = (await this.threads())[id - 1];
    if (thread === undefined) throw postmortemErrors.noThread(id);
    return thread;
  }

  async stack({ id, process, thread }: FrozenThread): Promise<Stack> {
    const { registers } = thread;
    if (registers === undefined) return { frames: [], end: "lost" };
    const known =
      this.#stacks.get(id) ??
      Promise.all([this.space(process.pid), this.modules(process.pid)]).then(([space, modules]) =>
        walkStack(space, modules, registers, { limit: MAX_FRAMES }),
      );
    this.#stacks.delete(id);
    this.#stacks.set(id, known);
    const [oldest] = this.#stacks.keys();
    if (this.#stacks.size > MAX_STACKS && oldest !== undefined) this.#stacks.delete(oldest);
    return known;
  }

  async frames(thread: FrozenThread): Promise<readonly FrozenFrame[]> {
    const stack = await this.stack(thread);
    const { frames } = stack;
    const javaScript = await this.#javaScript.of(thread, stack);
    const python = pythonThreadOf(await this.python(thread.process.pid), thread)?.frames ?? [];
    return mixFrames(frames, python)
      .slice(0, ID_STEP - MAX_LABELS)
      .map(({ frame, python: call }, at) => ({
        ...{ id: thread.id * ID_STEP + at, thread, frame, index: frames.indexOf(frame) },
        ...(call ? { python: call } : { javaScript: javaScript.get(frame) }),
      }));
  }

  /** Throws `postmortem.noFrame`, `postmortem.noThread`. */
  async frame(id: number): Promise<FrozenFrame> {
    const frame = await this.frameOrLabel(id);
    if (frame === undefined) throw postmortemErrors.noFrame(id);
    return frame;
  }

  /** The same; undefined for a row that only says something about the stack. */
  async frameOrLabel(id: number): Promise<FrozenFrame | undefined> {
    const thread = await this.thread(Math.floor(id / ID_STEP));
    const frames = await this.frames(thread);
    const frame = frames[id % ID_STEP];
    if (frame === undefined && id >= labelId(thread, frames, MAX_LABELS)) throw postmortemErrors.noFrame(id);
    return frame;
  }

  /** CRIU's name of the machine that a process ran on; "" where its registers are missing. */
  async architecture(pid: number): Promise<string> {
    const threads = (await this.threads()).filter(({ process }) => process.pid === pid);
    return threads.find(({ thread }) => thread.registers)?.thread.registers?.architecture ?? "";
  }

  /** The Python threads of a process, where it is CPython. */
  python(pid: number): Promise<readonly PythonThread[]> {
    const known = this.#python.get(pid) ?? readPythonThreads(this, pid).catch(() => []);
    this.#python.set(pid, known);
    return known;
  }

  space(pid: number): Promise<AddressSpace> {
    return this.memory.space(pid);
  }

  modules(pid: number): Promise<LoadedModules> {
    const known = this.#modules.get(pid) ?? this.#openModules(pid);
    this.#modules.set(pid, known);
    known.catch(() => this.#modules.delete(pid));
    return known;
  }

  /** Closes what was opened for its stacks; the memory is the caller's. */
  async close(): Promise<void> {
    const opened = await Promise.allSettled(this.#modules.values());
    this.#modules.clear();
    for (const each of opened) if (each.status === "fulfilled") await each.value.close();
  }

  async #openModules(pid: number): Promise<LoadedModules> {
    return loadedModules(this.memory, await this.space(pid), this.sysroot, this.tell);
  }

  async #readThreads(): Promise<readonly FrozenThread[]> {
    const threads: FrozenThread[] = [];
    for (const process of this.processes) {
      if (process.state === "zombie") continue;
      const own = (await this.checkpoint.threads(process.pid)).value;
      for (const thread of own) threads.push({ id: threads.length + 1, process, thread });
      const [first] = own;
      for (const goroutine of first ? await this.#goroutines(process.pid, own) : []) {
        // What is the first thread's alone is not the goroutine's.
        const thread = { ...(first as Thread), registers: goroutine.registers, pending: [], leader: false };
        threads.push({ id: threads.length + 1, process, thread, goroutine });
      }
    }
    return threads;
  }

  async #goroutines(pid: number, threads: readonly Thread[]): Promise<readonly Goroutine[]> {
    const registers = threads.flatMap((thread) => thread.registers ?? []);
    const search = async () => findGoroutines(await this.space(pid), await this.modules(pid), registers);
    const goroutines = await search().catch(() => undefined);
    if (goroutines?.hasMore) this.#crowded.push(pid);
    return goroutines?.found ?? [];
  }
}
