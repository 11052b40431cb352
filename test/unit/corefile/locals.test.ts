import assert from "node:assert/strict";
import { copyFile, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { openTree } from "../../../src/archive/index.ts";
import type { FileTree } from "../../../src/archive/index.ts";
import {
  callerOf,
  childrenOfValue,
  loadedModules,
  pointedTo,
  valueFloat,
  valueNumber,
  variableValue,
  walkStack,
} from "../../../src/corefile/index.ts";
import type { DataValue, Frame, LoadedModules } from "../../../src/corefile/index.ts";
import type { AddressSpace } from "../../../src/memory/index.ts";
import { fixture } from "../fixtures.ts";
import { coreProcess } from "./core-space.ts";

/** A value as dump.py of the fixture took it apart in gdb. */
interface GdbValue {
  readonly gone?: true;
  readonly deep?: true;
  readonly number?: string;
  readonly float?: string;
  readonly enum?: string;
  readonly list?: readonly GdbValue[];
  readonly parts?: readonly (readonly [string, GdbValue])[];
  readonly other?: string;
  readonly error?: string;
}
type GdbVariable = readonly [name: string, type: string, value: GdbValue];
interface GdbFrame {
  readonly pc: string;
  readonly name: string | null;
  readonly inline: boolean;
  readonly line?: number;
  readonly arguments?: readonly GdbVariable[];
  readonly locals?: readonly GdbVariable[];
}
interface GdbDump {
  readonly threads: readonly { readonly lwp: number; readonly frames: readonly GdbFrame[] }[];
  readonly globals: Readonly<Record<string, GdbValue>>;
}

const PROGRAMS: readonly {
  readonly program: string;
  readonly from?: string;
  readonly frozen?: string;
}[] = [
  { program: "c-O2" },
  { program: "c-O0-v4" },
  { program: "cpp-O0" },
  { program: "cpp-O2" },
  // The same programs, of whose debug information dwz has put a part in alternate.dwz.
  ...["c-O2", "c-O0-v4", "cpp-O0", "cpp-O2"].map((frozen) => ({ program: `${frozen}-dwz`, frozen })),
  { from: "unwind/dwarf-versions", program: "c-O2-v2" },
  { from: "unwind/dwarf-versions", program: "c-O0-v3" },
  // What gdb said was of the file before objcopy packed its sections.
  { from: "unwind/dwarf-versions", program: "c-O0-v3-zstd", frozen: "c-O0-v3" },
];

for (const { program, from = "unwind/locals", frozen = program } of PROGRAMS)
  describe(`the variables of ${program}`, () => {
    let gdb: GdbDump;
    let space: AddressSpace;
    let modules: LoadedModules;
    let close: () => Promise<void>;
    let sysroot: FileTree;
    const stacks = new Map<number, readonly Frame[]>();

    before(async () => {
      gdb = JSON.parse(await readFile(join(await fixture(from), `${frozen}.json`), "utf8")) as GdbDump;
      const opened = await coreProcess(from, { program, core: `${frozen}.core` });
      ({ space, close } = opened);
      sysroot = await openTree(await fixture(from));
      modules = loadedModules(opened.memory, space, sysroot);
      for (const { tid, registers } of opened.threads)
        stacks.set(tid, (await walkStack(space, modules, registers)).frames);
    });
    after(async () => {
      await modules.close();
      await sysroot.close();
      await close();
    });

    it("has gdb's frames, inlined calls among them, with their names and lines", () => {
      for (const { lwp, frames } of gdb.threads)
        assert.deepEqual(
          (stacks.get(lwp) ?? []).slice(0, frames.length).map(({ programCounter, isInlined, ...frame }) => ({
            pc: `0x${programCounter.toString(16)}`,
            name: frame.function?.name,
            inline: isInlined,
            line: frame.source?.line,
          })),
          frames.map(({ pc, name, inline, line }) => ({
            pc,
            name: name?.replace(/(?<!operator)\([^()]*\)( const)?$/, ""),
            inline,
            line,
          })),
        );
    });

    it("has gdb's values of all arguments and locals", async () => {
      const wrong: string[] = [];
      let compared = 0;
      for (const { lwp, frames } of gdb.threads)
        for (const [index, expected] of frames.entries()) {
          const frame = stacks.get(lwp)?.[index];
          if (frame?.scope === undefined || expected.arguments === undefined) continue;
          const found = await frame.module?.debugInfo.variables(frame.scope);
          for (const [given, ours] of [
            [expected.arguments, found?.arguments ?? []],
            [expected.locals ?? [], found?.locals ?? []],
          ] as const) {
            const names = new Set(given.map(([name]) => name));
            assert.deepEqual(new Set(ours.map(({ name }) => name)), names, `${expected.name ?? ""}`);
            for (const name of names) {
              const [, , theirs] = given.find((each) => each[0] === name) ?? [];
              const variable = ours.find((each) => each.name === name);
              if (theirs === undefined || variable === undefined) continue;
              const value = await variableValue(
                { space, frame, caller: callerOf(stacks.get(lwp) ?? [], index) },
                variable,
              );
              const where = `${expected.name ?? ""}: ${name}`;
              wrong.push(...(await differences(space, where, value, theirs)));
              compared++;
            }
          }
        }
      assert.deepEqual(wrong, []);
      assert.ok(compared > 15, String(compared));
    });
  });

/** The build id of alternate.dwz. */
const ID = "04f4161b1c511b8ca949f3ff9c9950d5e54638ee";

describe("a program whose debug information dwz has moved to another file", () => {
  /** The frames and what is told, when the files below the sysroot are these. */
  async function walked(files: Readonly<Record<string, string>>): Promise<[readonly Frame[], string[]]> {
    const folder = await fixture("unwind/locals");
    const root = await mkdtemp(join(tmpdir(), "dwz-"));
    for (const [path, from] of Object.entries(files)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await copyFile(join(folder, from), join(root, path));
    }
    const sysroot = await openTree(root);
    const told: string[] = [];
    const { memory, space, threads, close } = await coreProcess("unwind/locals", {
      program: "cpp-O2-dwz",
      core: "cpp-O2.core",
    });
    const modules = loadedModules(memory, space, sysroot, ({ sentence }) => told.push(sentence));
    const [thread] = threads;
    assert.ok(thread);
    const { frames } = await walkStack(space, modules, thread.registers);
    await modules.close();
    await sysroot.close();
    await close();
    await rm(root, { recursive: true });
    return [frames, told];
  }
  const named = (frames: readonly Frame[]): readonly (string | undefined)[] =>
    frames.map((each) => each.function?.name);

  it("has the names of it by the file's build id, and where Debian puts it", async () => {
    const [expected, told] = await walked({ "alternate.dwz": "alternate.dwz" });
    assert.ok(expected.some(({ isInlined }) => isInlined));
    assert.deepEqual(told, []);
    for (const path of [
      `usr/lib/debug/.build-id/${ID.slice(0, 2)}/${ID.slice(2)}.debug`,
      "usr/lib/debug/.dwz/alternate.dwz",
    ]) {
      const [frames, said] = await walked({ [path]: "alternate.dwz" });
      assert.deepEqual(named(frames), named(expected));
      assert.deepEqual(said, []);
    }
  });

  it("says so once when that file is not there or another one, and gives inlined functions no wrong names", async () => {
    const [expected] = await walked({ "alternate.dwz": "alternate.dwz" });
    for (const files of [{}, { "alternate.dwz": "cpp-O2" }]) {
      const [frames, told] = await walked(files);
      assert.equal(told.length, 1);
      assert.match(told[0] ?? "", /in alternate\.dwz, which is not there/);
      for (const [index, { isInlined, function: called }] of frames.entries())
        if (isInlined) assert.ok([undefined, expected[index]?.function?.name].includes(called?.name));
    }
  });
});

/** Pointers that were optimized away together with what they pointed to. */
const IMPLICIT: ReadonlySet<string> = new Set([
  "operator(): __closure",
  "operator(): this",
  "work: word",
  "work: pointer",
]);

/** Where a value is not what gdb says. */
async function differences(
  space: AddressSpace,
  where: string,
  given: DataValue,
  expected: GdbValue,
): Promise<readonly string[]> {
  let value = given;
  if (value.type.kind === "pointer" && value.type.isReference && !expected.gone)
    value = (await pointedTo(space, value)) ?? value;
  if (expected.deep || expected.other !== undefined || expected.error !== undefined) return [];
  // gdb calls a value gone when it knows but a part of it.
  if (expected.gone) return value.missing !== undefined || value.holes.length > 0 ? [] : [`${where} is gone`];
  // gdb makes up a pointer to what has no place (DW_OP_implicit_pointer), and says that it is 0.
  if (expected.number === "0" && value.missing && IMPLICIT.has(where)) return [];
  if (expected.parts) {
    const found: string[] = [];
    const children = await childrenOfValue(space, value);
    for (const [name, part] of expected.parts.flatMap(flat)) {
      const child =
        name === "base"
          ? children.find(({ kind }) => kind === "base")
          : children.find((each) => each.name === name);
      if (child) found.push(...(await differences(space, `${where}.${name}`, child.value, part)));
      else found.push(`${where}.${name} is not there`);
    }
    return found;
  }
  if (expected.list) {
    const children = await childrenOfValue(space, value, 0, 65);
    const found = await Promise.all(
      expected.list.map(async (part, index) => {
        const child = children[index];
        return child
          ? differences(space, `${where}[${index}]`, child.value, part)
          : [`${where}[${index}] is not there`];
      }),
    );
    return found.flat();
  }
  const [theirs, ours] =
    expected.float === undefined
      ? [expected.number, String(await valueNumber(space, value))]
      : [Number(expected.float), await valueFloat(space, value)];
  return theirs === ours
    ? []
    : [`${where} is ${String(theirs)} and not ${String(ours)} (${value.missing ?? ""})`];
}

/** Members of what has no name count as the record's own. */
const flat = ([name, value]: readonly [string, GdbValue]): readonly (readonly [string, GdbValue])[] =>
  name === "" ? (value.parts ?? []).flatMap(flat) : [[name, value]];
