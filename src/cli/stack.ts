import { openTree } from "../archive/index.ts";
import type { StackEnd } from "../corefile/index.ts";
import type { Problem } from "../criu/index.ts";
import {
  crowdedText,
  frameName,
  frameSource,
  frameVariables,
  FrozenTarget,
  pythonRows,
  stackLabels,
} from "../debug/index.ts";
import type { FrozenFrame, FrozenThread, FrozenVariable } from "../debug/index.ts";
import { parseCommandLine } from "./arguments.ts";
import { EXIT } from "./command.ts";
import type { RunCommand } from "./command.ts";
import { cliErrors } from "./errors.ts";
import { hex, MEMORY_OPTIONS, parseCount, withMemory } from "./memory-target.ts";
import { printable } from "./output.ts";

const OPTIONS = {
  ...MEMORY_OPTIONS,
  pid: { type: "string", multiple: true, default: [] as string[] },
  tid: { type: "string", multiple: true, default: [] as string[] },
  locals: { type: "boolean" },
  python: { type: "boolean" },
} as const;

/** What is printed of a thread. */
interface ThreadStack {
  readonly thread: FrozenThread;
  readonly frames: readonly PrintedFrame[];
  readonly end: StackEnd;
}

interface PrintedFrame {
  readonly frozen: FrozenFrame;
  readonly arguments: readonly FrozenVariable[];
  readonly locals: readonly FrozenVariable[];
}

/** `cryoscope stack CHECKPOINT`: the calls each thread is in, as a debugger shows them. */
export const run: RunCommand = async (args, output) => {
  const { values, operand: path } = parseCommandLine("stack", args, OPTIONS, "CHECKPOINT");
  const pids = values.pid.map((pid) => parseCount(pid, "--pid", "stack"));
  const tids = values.tid.map((tid) => parseCount(tid, "--tid", "stack"));
  // Of a sysroot the debug files are read beside what the memory reads of it.
  const sysroot = values.sysroot === undefined ? undefined : await openTree(values.sysroot);
  try {
    return await withMemory(path, values, async (memory) => {
      const { checkpoint } = memory;
      for (const pid of pids)
        if (checkpoint.process(pid) === undefined)
          throw cliErrors.usage(`There is no process ${pid} in this checkpoint.`, "stack");
      const processes = checkpoint.processes.filter(({ pid }) => pids.length === 0 || pids.includes(pid));
      const damaged: Problem[] = [];
      const target = new FrozenTarget(checkpoint, memory, processes, sysroot, ({ name, sentence }) => {
        damaged.push({ code: "elf.damaged", message: sentence, severity: "warning", file: name });
      });
      try {
        const threads = await target.threads();
        for (const pid of target.crowded) output.message(crowdedText(pid));
        const wanted = threads.filter(
          ({ thread, goroutine }) => tids.length === 0 || (!goroutine && tids.includes(thread.tid)),
        );
        const stacks: ThreadStack[] = [];
        for (const thread of wanted) {
          const stack = await stackOf(target, thread, { ...values });
          if (values.json === true) stacks.push(stack);
          else await output.write(stackText(stack));
        }
        const problems = [...memory.problems, ...damaged];
        if (values.json === true)
          await output.write(
            `${JSON.stringify({ threads: stacks.map(stackJson), problems }, undefined, 2)}\n`,
          );
        else for (const { file = "", message } of damaged) output.message(`${printable(file)}: ${message}`);
        return EXIT.done;
      } finally {
        await target.close();
      }
    });
  } finally {
    await sysroot?.close();
  }
};

async function stackOf(
  target: FrozenTarget,
  thread: FrozenThread,
  { locals = false, python = false }: { readonly locals?: boolean; readonly python?: boolean },
): Promise<ThreadStack> {
  const frames: PrintedFrame[] = [];
  for (const frozen of await target.frames(thread)) {
    if (python && !frozen.python) continue;
    const rows = async (which: "arguments" | "locals"): Promise<readonly FrozenVariable[]> =>
      locals && !frozen.python ? frameVariables(target, frozen, which) : [];
    frames.push({
      frozen,
      arguments: await rows("arguments"),
      locals: locals && frozen.python ? await pythonRows(frozen.python) : await rows("locals"),
    });
  }
  return { thread, frames, end: (await target.stack(thread)).end };
}

function stackText({ thread: { process, thread, goroutine }, frames, end }: ThreadStack): string {
  const head = goroutine
    ? `Goroutine ${goroutine.id} of process ${process.pid} [${printable(goroutine.status)}]\n`
    : `Thread ${thread.tid} of process ${process.pid}${nameOf(thread)} (${thread.state})\n`;
  const lines = frames.map(({ frozen, arguments: given, locals }, index) => {
    const source = frameSource(frozen);
    const words = given.map(({ name, value }) => `${name}=${value}`).join(", ");
    const call = `${frameName(frozen)}${given.length > 0 ? ` (${words})` : ""}`;
    const place = source ? ` at ${source.path}:${source.line}` : moduleOf(frozen);
    const address = frozen.python ? "" : `${hex(frozen.frame.programCounter)} `;
    const below = locals.map(({ name, value }) => `      ${printable(name)} = ${printable(value)}\n`);
    return `#${String(index).padEnd(3)} ${address}${printable(`${call}${place}`)}\n${below.join("")}`;
  });
  const labels = stackLabels(
    frames.map(({ frozen }) => frozen),
    end,
  );
  labels.forEach(({ at, words }, index) => lines.splice(at + index, 0, `     (${words})\n`));
  return `${head}${lines.join("")}\n`;
}

const moduleOf = ({ frame }: FrozenFrame): string => (frame.module ? ` from ${frame.module.name}` : "");

function stackJson({ thread: { process, thread, goroutine }, frames, end }: ThreadStack): object {
  return {
    ...{ pid: process.pid, tid: goroutine ? 0 : thread.tid, name: thread.comm, state: thread.state },
    ...(goroutine && { goroutine: { id: Number(goroutine.id), status: goroutine.status } }),
    ...(frames.length > 0 && { end }),
    frames: frames.map(({ frozen, arguments: given, locals }) => {
      const { frame, python, javaScript } = frozen;
      const source = frameSource(frozen);
      const name = (python ?? javaScript)?.name ?? frame.function?.name;
      return {
        language: python ? "python" : javaScript ? "javascript" : "native",
        ...(javaScript?.script !== undefined && {
          ...{ script: javaScript.script, compiled: !javaScript.isCurrent },
        }),
        ...(name !== undefined && { function: name }),
        ...(!python && {
          ...{ address: hex(frame.programCounter), foundBy: frame.foundBy, inlined: frame.isInlined },
          ...(frame.function?.symbol !== undefined && {
            symbol: frame.function.symbol,
            offset: Number(frame.function.offset),
          }),
          ...(frame.module && { module: frame.module.name }),
        }),
        ...(source && { source: { path: source.path, line: source.line } }),
        ...(given.length > 0 && { arguments: given.map(variableJson) }),
        ...(locals.length > 0 && { locals: locals.map(variableJson) }),
      };
    }),
  };
}

const variableJson = ({ name, value, type }: FrozenVariable): object => ({
  ...{ name, value },
  ...(type !== undefined && { type }),
});

/** A core has the name of its first thread only. */
const nameOf = ({ comm }: { readonly comm: string }): string => (comm === "" ? "" : `, ${printable(comm)}`);
