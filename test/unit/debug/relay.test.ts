import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createConnection, createServer } from "node:net";
import type { Socket } from "node:net";
import { openRelay } from "../../../src/debug/index.ts";
import type { Execution } from "../../../src/engine/index.ts";

/** A program of this machine in place of one in a container. */
function start(program: string, ...args: readonly string[]): Promise<Execution & { readonly pid: number }> {
  const child = spawn(program, args, { stdio: "pipe" });
  const exit = once(child, "close").then(() => child.exitCode ?? -1);
  const { stdin, stdout, stderr, pid = 0 } = child;
  return Promise.resolve({ stdin, stdout, stderr, exit, pid });
}

async function connect(port: number): Promise<Socket> {
  const socket = createConnection(port, "127.0.0.1");
  await once(socket, "connect");
  return socket;
}

describe("a relay into a container", () => {
  it("carries several connections at the same time, each to a program of its own", async () => {
    const relay = await openRelay(() => start("cat"));
    try {
      const texts = [randomBytes(200_000), randomBytes(200_000)];
      const echoes = texts.map(async (text) => {
        const socket = await connect(relay.port);
        const chunks: Buffer[] = [];
        let size = 0;
        const all = new Promise<void>((resolve) =>
          socket.on("data", (chunk: Buffer) => {
            chunks.push(chunk);
            size += chunk.length;
            if (size >= text.length) resolve();
          }),
        );
        socket.write(text);
        await all;
        socket.destroy();
        return Buffer.concat(chunks).equals(text);
      });
      assert.deepEqual(await Promise.all(echoes), [true, true]);
    } finally {
      await relay.close();
    }
  });

  it("ends the program when its connection ends, and all of them when it is closed", async () => {
    const pids: number[] = [];
    const relay = await openRelay(async () => {
      const program = await start("cat");
      pids.push(program.pid);
      return program;
    });
    const [first, second] = [await connect(relay.port), await connect(relay.port)];
    for (const socket of [first, second]) {
      socket.write("x");
      await once(socket, "data");
    }
    first.destroy();
    await relay.close();
    assert.equal(pids.length, 2);
    for (const pid of pids) assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
    second.destroy();
  });

  it("closes the connection when the program can't be started, and says why", async () => {
    const messages: string[] = [];
    const relay = await openRelay(() => Promise.reject(new Error("no such container")), {
      onMessage: (text) => messages.push(text),
    });
    const socket = await connect(relay.port);
    await once(socket, "close");
    assert.deepEqual(messages, ["no such container"]);
    await relay.close();
  });

  it("says that a port is in use, and what to do", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    assert.ok(typeof address === "object" && address !== null);
    const taken = openRelay(() => start("cat"), { port: address.port });
    await assert.rejects(taken, { code: "debug.portInUse", next: /another port/ });
    server.close();
  });

  it("listens for this machine only", async () => {
    const relay = await openRelay(() => start("cat"));
    assert.equal(relay.address, "127.0.0.1");
    const elsewhere = createConnection(relay.port, "127.0.0.2");
    const [error] = (await once(elsewhere, "error")) as [NodeJS.ErrnoException];
    assert.equal(error.code, "ECONNREFUSED");
    await relay.close();
  });

  it("lets in its own user, and no other of this machine", async function () {
    // Only root can be another.
    if (process.platform !== "linux" || process.getuid?.() !== 0) this.skip();
    let started = 0;
    const said: string[] = [];
    const open = () => {
      started++;
      return start("cat");
    };
    const relay = await openRelay(open, { onMessage: (text) => said.push(text) });
    // It sends at once and leaves, as one would that hopes not to be looked at.
    const script = `
      const socket = require("net").connect(${relay.port}, "127.0.0.1");
      socket.on("data", (data) => process.stdout.write(data)).on("close", () => process.exit()).on("error", () => {});
      socket.write(process.argv[1]);
      if (process.argv[2] === "leave") socket.end();
    `;
    const run = async (uid: number, ...args: readonly string[]): Promise<string> => {
      const child = spawn(process.execPath, ["-e", script, ...args], {
        uid,
        stdio: ["ignore", "pipe", "inherit"],
      });
      const chunks: Buffer[] = [];
      child.stdout.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        child.kill();
      });
      await once(child, "close");
      return Buffer.concat(chunks).toString();
    };
    try {
      assert.equal(await run(0, "own"), "own");
      assert.equal(await run(65_534, "another's"), "");
      assert.equal(await run(65_534, "another's", "leave"), "");
      assert.equal(started, 1);
      assert.match(said.join(), /another user/);
    } finally {
      await relay.close();
    }
  });
});
