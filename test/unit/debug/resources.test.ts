import assert from "node:assert/strict";
import { Resources } from "../../../src/debug/index.ts";

describe("what a session has taken", () => {
  it("is given back in reverse, each once, whoever else fails", async () => {
    const own = new Resources();
    const back: string[] = [];
    await own.own("container", () => void back.push("container"));
    await own.own("relay", () => {
      back.push("relay");
      throw new Error("broken");
    });
    await own.own("file", () => Promise.resolve(void back.push("file")));
    assert.deepEqual(own.names, ["container", "relay", "file"]);
    const [failures, again] = await Promise.all([own.dispose(), own.dispose()]);
    assert.deepEqual(back, ["file", "relay", "container"]);
    assert.equal(failures.length, 1);
    assert.equal(again, failures);
    assert.deepEqual(own.names, []);
  });

  it("is given back at once when it is taken after the end", async () => {
    const own = new Resources();
    await own.dispose();
    let gone = false;
    await own.own("late", () => void (gone = true));
    assert.ok(gone);
  });
});
