import assert from "node:assert/strict";
import { whatStays } from "../../../src/debug/index.ts";
import { connectEngine } from "../../../src/engine/index.ts";
import { CONTAINER_ID, dockerd, json, startStub } from "../engine/stub.ts";

const ONE = { id: CONTAINER_ID, name: "one" };

/** The sentence when the engine answers a question for the container with this. */
async function sentence(answer: { status: number; message: string } | string, isCopy = false) {
  await using stub = await startStub((request, response) => {
    if (typeof answer === "string") dockerd(request, response, { status: answer });
    else if (request.url?.startsWith("/containers/") === true)
      json(response, answer.status, { message: answer.message });
    else dockerd(request, response);
  });
  return await whatStays(await connectEngine(stub.address), ONE, isCopy);
}

describe("what a session says of its container when it has ended", () => {
  it("is what the engine has of it", async () => {
    assert.equal(await sentence("running"), "one runs on.");
    assert.equal(await sentence("exited"), "one is exited.");
  });

  it("is that it is gone only when the engine says so", async () => {
    const none = { status: 404, message: `No such container: ${CONTAINER_ID}` };
    assert.equal(await sentence(none), "one is gone.");
    assert.equal(await sentence(none, true), "one is removed.");
  });

  it("is the engine's own words when that fails", async () => {
    const said = await sentence({ status: 500, message: "the disk of the engine is full" });
    assert.match(said, /^What has become of one can't be told\. .*the disk of the engine is full/);
    const away = await startStub(dockerd);
    const engine = await connectEngine(away.address);
    await away[Symbol.asyncDispose]();
    assert.match(await whatStays(engine, ONE, false), /^What has become of one can't be told\. \S/);
  });
});
