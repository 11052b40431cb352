// Variables of threads.c in test/fixtures/memory/elfcore, as gdb 13.1 prints them of its core: `info args`, `info locals`,
// `print workers[1]` = {id = 1, counter = 50, name = "worker-1", weight = 1.5}, `print &workers[1].weight` = 0x30906988.
import assert from "node:assert/strict";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { join } from "node:path";
import { fixture } from "../fixtures.ts";
import type { DapClient } from "./dap-client.ts";
import { startPostmortem } from "./postmortem-client.ts";

type Row = DebugProtocol.Variable;

describe("the variables of a frozen process", () => {
  let client: DapClient;
  let frames: ReadonlyMap<string, number>;
  let main: number;

  before(async () => {
    const folder = await fixture("memory/elfcore");
    client = await startPostmortem({ checkpoint: join(folder, "img"), sysroot: join(folder, "root") });
    const { threads } = await client.get<DebugProtocol.ThreadsResponse>("threads");
    const found = new Map<string, number>();
    for (const tid of [1, 7]) {
      const threadId = threads.find(({ name }) => Number.parseInt(name, 10) === tid)?.id;
      const { stackFrames } = await client.get<DebugProtocol.StackTraceResponse>("stackTrace", { threadId });
      for (const { id, name } of stackFrames) found.set(name, id);
    }
    frames = found;
    main = found.get("main") ?? 0;
  });
  after(async () => {
    await client.get("disconnect");
  });

  const read = async (variablesReference: number, range: object = {}): Promise<readonly Row[]> =>
    (await client.get<DebugProtocol.VariablesResponse>("variables", { variablesReference, ...range }))
      .variables;
  const scope = async (frame: string, name: string): Promise<readonly Row[]> => {
    const { scopes } = await client.get<DebugProtocol.ScopesResponse>("scopes", {
      frameId: frames.get(frame),
    });
    return read(scopes.find((each) => each.name === name)?.variablesReference ?? 0);
  };
  const plain = (rows: readonly Row[]): readonly (readonly [string, string, string | undefined])[] =>
    rows.map(({ name, value, type }) => [name, value, type]);
  const evaluate = async (expression: string, frameId = main): Promise<string> =>
    (await client.get<DebugProtocol.EvaluateResponse>("evaluate", { expression, frameId })).result;

  it("are the arguments and locals that gdb has", async () => {
    assert.deepEqual(plain(await scope("depth3", "Arguments")), [["a", "2", "int"]]);
    assert.deepEqual(plain(await scope("depth3", "Locals")), [["local_answer", "4", "int"]]);
    assert.deepEqual(plain(await scope("main", "Locals")), [["r", "2", "int"]]);
    assert.deepEqual(plain(await scope("run", "Locals")), [["w", "0x30906968", "worker *"]]);
    assert.equal((await scope("main", "Arguments"))[1]?.value, `0x${140723130904776n.toString(16)}`);
  });

  it("open to what is in them, and each can be asked for again by its expression", async () => {
    const [pointer] = await scope("run", "Locals");
    const members = await read(pointer?.variablesReference ?? 0);
    assert.deepEqual(plain(members), [
      ["id", "1", "int"],
      ["counter", "50", "volatile long int"],
      ["name", '"worker-1"', "char [16]"],
      ["weight", "1.5", "double"],
    ]);
    const run = frames.get("run") ?? 0;
    for (const { evaluateName = "", value } of members)
      assert.equal(await evaluate(evaluateName, run), value);
    const name = members[2];
    assert.equal(name?.indexedVariables, 16);
    const letters = await read(name.variablesReference, { filter: "indexed", start: 6, count: 2 });
    assert.deepEqual(
      letters.map((each) => [each.name, each.value]),
      [
        ["[6]", "45 '-'"],
        ["[7]", "49 '1'"],
      ],
    );
    assert.equal(await evaluate(letters[1]?.evaluateName ?? "", run), "49 '1'");
  });

  it("are evaluated with members, elements, pointers and casts as gdb does it", async () => {
    assert.equal(await evaluate("workers"), "0x30906940");
    assert.equal(await evaluate("workers[1].counter"), "50");
    assert.equal(await evaluate("workers->id"), "0");
    assert.equal(await evaluate("(*workers).weight"), "0");
    assert.equal(await evaluate("(workers+1)->weight"), "1.5");
    assert.match(await evaluate("&workers[1].weight"), /^0x30906988/);
    assert.match(await evaluate("&workers[0].id + 4"), /^0x30906944/);
    assert.match(
      await evaluate("*(workers + 1)"),
      /^\{id = 1, counter = 50, name = "worker-1", weight = 1\.5\}$/,
    );
    assert.equal(await evaluate("((struct worker *)0x30906968)->counter"), "50");
    assert.equal(await evaluate("(worker*)0x30906968"), "0x30906968");
    assert.equal(await evaluate("*argv[0]"), "47 '/'");
    assert.match(await evaluate("argv[0]"), /^0x[0-9a-f]+ "\/threads"$/);
    assert.equal(await evaluate("argc + 1"), "0x3 (3)");
  });

  it("that don't exist are said not to", async () => {
    for (const [expression, sentence] of [
      ["workers->nothing", /worker has no member nothing/],
      ["argc.x", /int has no member x/],
      ["r[0]", /Only arrays and pointers have elements/],
      ["workers.", /name of a member is missing/],
      ["(struct nowhere *)1", /called nowhere/],
      ["a".repeat(5000), /too long/],
      [`workers${"[0]".repeat(200)}`, /nested too deeply/],
    ] as const) {
      const response = await client.ask("evaluate", { expression, frameId: main });
      assert.equal(response.success, false, expression);
      assert.match(JSON.stringify(response.message), sentence);
    }
  });

  it("of no function are those of the source", async () => {
    const rows = await scope("main", "Statics");
    assert.equal(rows.find(({ name }) => name === "workers")?.value, "0x30906940");
  });
});
