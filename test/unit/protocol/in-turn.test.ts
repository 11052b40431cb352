import assert from "node:assert/strict";
import { InTurn } from "../../../src/vscode/in-turn.ts";

describe("work that is done in turn", () => {
  it("begins when what was given before it has ended, and gives each its own answer", async () => {
    const turns = new InTurn();
    const seen: string[] = [];
    let open: (answer: number) => void = () => undefined;
    const gate = new Promise<number>((resolve) => (open = resolve));
    const first = turns.do(async () => {
      seen.push("first begins");
      const answer = await gate;
      seen.push("first ends");
      return answer;
    });
    const second = turns.do(() => Promise.resolve(seen.push("second")));
    const third = turns.do(() => Promise.resolve(seen.push("third")));
    await new Promise(setImmediate);
    assert.deepEqual(seen, ["first begins"]);
    open(7);
    assert.deepEqual(await Promise.all([first, second, third]), [7, 3, 4]);
    assert.deepEqual(seen, ["first begins", "first ends", "second", "third"]);
  });

  it("goes on after what failed, which alone is told of it", async () => {
    const turns = new InTurn();
    const failure = new Error("the first fails");
    const failed = turns.do(() => Promise.reject(failure));
    const next = turns.do(() => Promise.resolve("next"));
    await assert.rejects(failed, failure);
    assert.equal(await next, "next");
  });

  it("is in turn too when it is given while another is done", async () => {
    const turns = new InTurn();
    const seen: string[] = [];
    let later: Promise<unknown> = Promise.resolve();
    await turns.do(async () => {
      later = turns.do(() => Promise.resolve(seen.push("later")));
      await new Promise(setImmediate);
      seen.push("first");
    });
    await later;
    assert.deepEqual(seen, ["first", "later"]);
  });
});
