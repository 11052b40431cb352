import assert from "node:assert/strict";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fixture } from "../fixtures.ts";
import type { DapClient } from "./dap-client.ts";
import { startPostmortem } from "./postmortem-client.ts";

type Row = DebugProtocol.DisassembledInstruction;

describe("the disassembly of a frozen process", () => {
  let client: DapClient;
  /** Where objdump says that instructions begin, from 0x401500 to 0x401b00 of the program. */
  let starts: readonly number[];
  /** Where functions begin, by objdump. */
  let functions: ReadonlyMap<string, number>;

  before(async () => {
    const folder = await fixture("memory/elfcore");
    client = await startPostmortem({ checkpoint: join(folder, "img"), sysroot: join(folder, "root") });
    const text = await readFile(join(await fixture("unwind/disassembly"), "threads.txt"), "utf8");
    starts = [...text.matchAll(/^\s+([0-9a-f]+):\t/gm)].map(([, at = ""]) => Number.parseInt(at, 16));
    functions = new Map(
      [...text.matchAll(/^([0-9a-f]+) <(\w+)>:/gm)].map(([, at = "", name = ""]) => [
        name,
        Number.parseInt(at, 16),
      ]),
    );
  });
  after(async () => {
    await client.get("disconnect");
  });

  const rows = async (
    address: number,
    instructionOffset: number,
    instructionCount: number,
  ): Promise<readonly Row[]> => {
    const body = await client.get<DebugProtocol.DisassembleResponse>("disassemble", {
      ...{ memoryReference: `1:0x${address.toString(16)}`, instructionOffset, instructionCount },
      resolveSymbols: true,
    });
    return body?.instructions ?? [];
  };
  const addresses = (found: readonly Row[]): readonly number[] => found.map(({ address }) => Number(address));

  it("begins where the window does that is asked for: before, behind or around the address", async () => {
    const main = functions.get("main") ?? 0;
    const at = starts.indexOf(main + 0x1d) >= 0 ? main + 0x1d : (starts[starts.indexOf(main) + 9] ?? 0);
    const index = starts.indexOf(at);
    for (const [offset, count] of [
      [0, 40],
      [-60, 50],
      [-100, 180],
      [5, 20],
    ] as const)
      assert.deepEqual(
        addresses(await rows(at, offset, count)),
        starts.slice(index + offset, index + offset + count),
      );
  });

  it("names the function of each instruction, and what is called", async () => {
    const main = functions.get("main") ?? 0;
    const found = await rows(main, 0, 120);
    assert.equal(found[0]?.symbol, "main+0");
    const calls = found.filter(({ instruction }) => instruction.startsWith("call "));
    const text = await readFile(join(await fixture("unwind/disassembly"), "threads.txt"), "utf8");
    for (const { address, instruction } of calls) {
      const [, name] = new RegExp(`^ +${address.slice(2)}:.*call +[0-9a-f]+ <(\\w+)>`, "m").exec(text) ?? [];
      // Of several names at one address objdump takes another: __calloc for calloc, _IO_printf for printf.
      const plain = (name ?? "").replace(/^_+(IO_)?/, "");
      if (name !== undefined) assert.match(instruction, new RegExp(`<(_*|_IO_)${plain}>$`));
    }
    assert.ok(calls.length > 3);
  });

  it("has a row for each instruction that is asked for where memory can't be read", async () => {
    const found = await rows(0x10, -40, 60);
    assert.equal(found.length, 60);
    assert.ok(found.every(({ presentationHint }) => presentationHint === "invalid"));
    // The program's code begins at 0x401000; the page before it is its header, which is no code.
    const mixed = await rows(0x400000, -10, 30);
    assert.equal(mixed.length, 30);
    assert.ok(mixed.slice(0, 10).every(({ presentationHint }) => presentationHint === "invalid"));
    assert.ok(mixed.slice(10).every(({ presentationHint }) => presentationHint !== "invalid"));
    assert.equal(Number(mixed[10]?.address), 0x400000);
  });

  it("refuses a place that is none", async () => {
    const response = await client.ask("disassemble", { memoryReference: "nowhere", instructionCount: 1 });
    assert.equal(response.success, false);
    assert.match(response.message ?? "", /no place in the memory/);
  });
});
