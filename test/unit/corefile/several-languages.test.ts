// Programs of C, Rust and Fortran in one, linked by LLVM's linker, and one in musl that called what is 0: against what gdb
// said of the same cores.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fixture } from "../fixtures.ts";
import { runCommand } from "../run-command.ts";

type GdbVariable = readonly [name: string, value: string, type: string, address: string | null];
interface GdbFrame {
  readonly pc: string;
  readonly name: string | null;
  readonly line: number;
  readonly args: readonly GdbVariable[];
  readonly locals: readonly GdbVariable[];
}
interface Variable {
  readonly name: string;
  readonly value: string;
  readonly type?: string;
}
interface OurFrame {
  readonly address: string;
  readonly function?: string;
  readonly foundBy: string;
  readonly source?: { readonly line: number };
  readonly arguments?: readonly Variable[];
  readonly locals?: readonly Variable[];
}

async function framesOf(program: string): Promise<{ gdb: readonly GdbFrame[]; ours: readonly OurFrame[] }> {
  const folder = await fixture("unwind/several-languages");
  const [thread] = JSON.parse(await readFile(join(folder, `${program}.json`), "utf8")) as [
    { readonly frames: readonly GdbFrame[] },
  ];
  const words = ["stack", join(folder, `${program}.core`), "--json", "--locals"];
  const { code, out, err } = await runCommand([...words, "--sysroot", join(folder, "root")]);
  assert.equal(code, 0, err);
  const { threads } = JSON.parse(out) as { readonly threads: readonly { readonly frames: OurFrame[] }[] };
  return { gdb: thread.frames, ours: threads[0]?.frames ?? [] };
}

describe("a program of several languages that LLVM's linker laid into one page of its file", () => {
  let gdb: readonly GdbFrame[];
  let ours: readonly OurFrame[];

  before(async () => {
    ({ gdb, ours } = await framesOf("mixed"));
  });

  const valuesOf = (name: string): ReadonlyMap<string, string> => {
    const frame = ours.find((each) => each.function?.split("::").at(-1) === name);
    return new Map(
      [...(frame?.arguments ?? []), ...(frame?.locals ?? [])].map((each) => [each.name, each.value]),
    );
  };
  const gdbOf = (name: string): ReadonlyMap<string, string> => {
    const frame = gdb.find((each) => each.name?.split("::").at(-1) === name);
    return new Map([...(frame?.args ?? []), ...(frame?.locals ?? [])].map(([each, value]) => [each, value]));
  };

  it("has the calls, their names and lines that gdb has", () => {
    assert.equal(gdb.length, 6);
    assert.deepEqual(
      ours.map((frame) => [frame.address, frame.function, frame.source?.line]),
      gdb.map(({ pc, name, line }) => [pc, name, line]),
    );
  });

  it("has the arguments and locals that gdb has, functions of a module's too", () => {
    for (const name of ["hold", "work", "rusty", "sized", "begin"]) {
      assert.ok(gdbOf(name).size > 0, name);
      assert.deepEqual([...valuesOf(name).keys()].toSorted(), [...gdbOf(name).keys()].toSorted(), name);
    }
  });

  it("has the elements of arrays whose lengths the program computed, and complex numbers", () => {
    assert.deepEqual(valuesOf("sized"), new Map([...gdbOf("sized")]));
    assert.equal(gdbOf("sized").get("squares"), "{0, 1, 4, 9}");
    const types = ours.find((each) => each.function === "sized")?.locals ?? [];
    assert.deepEqual(
      types.map(({ name, type }) => [name, type]),
      gdb.find(({ name }) => name === "sized")?.locals.map(([name, , type]) => [name, type]),
    );
  });

  it("has the variants that Rust's enums are, and its strings", () => {
    const told = gdbOf("rusty");
    const seen = valuesOf("rusty");
    assert.equal(told.get("some"), "core::option::Option<u32>::Some(7)");
    assert.equal(seen.get("some"), "{Some = {__0 = 7}}");
    assert.equal(told.get("none"), "core::option::Option<u32>::None");
    assert.equal(seen.get("none"), "{None = {}}");
    assert.equal(told.get("without"), "core::option::Option<&i32>::None");
    assert.equal(seen.get("without"), "{None = {}}");
    const address = /0x[0-9a-f]+/.exec(told.get("niche") ?? "")?.[0] ?? "";
    assert.equal(told.get("niche"), `core::option::Option<&i32>::Some(${address})`);
    assert.equal(seen.get("niche"), `{Some = {__0 = ${address}}}`);
    assert.match(
      told.get("shapes") ?? "",
      /::Circle\{r: 1.5\}, mixed::Shape::Rect\(3, 4\), mixed::Shape::Empty\]$/,
    );
    assert.equal(seen.get("shapes"), "{{Circle = {…}}, {Rect = {…}}, {Empty = {…}}}");
    for (const name of ["text", "unit"]) assert.equal(seen.get(name), told.get(name));
  });

  it("has the arrays of Fortran by columns, as far as their bounds go, and its text", () => {
    assert.equal(gdbOf("work").get("grid"), "((7, 7, 7) (7, 99, 7))");
    assert.equal(valuesOf("work").get("grid"), "{{7, 7, 7}, {7, 99, 7}}");
    assert.equal(gdbOf("work").get("word"), "'abcde'");
    assert.equal(valuesOf("work").get("word"), '"abcde"');
  });
});

describe("a program in musl that called a function at 0 and is in the handler of its signal", () => {
  it("has every call, of which gdb has the two innermost", async () => {
    const { gdb, ours } = await framesOf("fallen");
    assert.deepEqual(
      ours.slice(0, 2).map(({ address }) => address),
      gdb.slice(0, 2).map(({ pc }) => pc),
    );
    assert.deepEqual(
      ours.slice(0, 10).map((frame) => [frame.function, frame.source?.line, frame.foundBy]),
      [
        ["sccp", undefined, "registers"],
        ["pause", undefined, "return address"],
        ["handler", 4, "scan"],
        ["__restore_rt", undefined, "cfi"],
        [undefined, undefined, "signal frame"],
        ["calls_nothing", 6, "return address"],
        ["calls_nothing", 6, "cfi"],
        ["calls_nothing", 6, "cfi"],
        ["main", 7, "cfi"],
        ["libc_start_main_stage2", undefined, "cfi"],
      ],
    );
  });
});
