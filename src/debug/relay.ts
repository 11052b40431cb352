// A port of this machine that leads into a container, also to its loopback, over the engine's exec.
import { once } from "node:events";
import { createConnection, createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { PassThrough, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Execution } from "../engine/index.ts";
import { liveErrors } from "./errors.ts";
import { peerOwner } from "./peer-owner.ts";

export interface Relay {
  readonly address: "127.0.0.1";
  readonly port: number;
  /** Ends all connections and waits, for a moment, until the programs in the container have ended too. */
  close(): Promise<void>;
}

export interface RelayOptions {
  /** The port to listen on; any free one when it is not given. */
  readonly port?: number;
  /** What the program in the container writes to its standard error. */
  readonly onMessage?: (text: string) => void;
  /** Whether the connection from that port of the loopback is let in; those of this user and of root, unless given. */
  readonly admits?: (peerPort: number, ownPort: number) => Promise<boolean>;
}

const CLOSE_MILLISECONDS = 3000;
const MAX_CONNECTIONS = 32;

/**
 * Listens on this machine's loopback; for each connection `open` starts a program whose input and output it becomes.
 * Throws `debug.portInUse` when the wanted port is taken.
 */
export async function openRelay(
  open: () => Promise<Execution>,
  { port = 0, onMessage, admits = isOurs }: RelayOptions = {},
): Promise<Relay> {
  const sockets = new Set<Socket>();
  const running = new Set<Promise<unknown>>();
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: false }, (socket) => {
    if (sockets.size >= MAX_CONNECTIONS) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    const admitted = async (): Promise<void> => {
      if (await admits(socket.remotePort ?? 0, socket.localPort ?? 0)) return carry(socket, open, onMessage);
      onMessage?.("A connection of another user of this machine was refused.");
      socket.destroy();
    };
    const work = admitted().catch((error: unknown) => {
      onMessage?.(error instanceof Error ? error.message : String(error));
      socket.destroy();
    });
    running.add(work);
    void work.finally(() => running.delete(work));
  });
  const listening = await listen(server, port);
  return {
    address: "127.0.0.1",
    port: listening,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
      await Promise.race([Promise.all(running), sleep(CLOSE_MILLISECONDS, undefined, { ref: false })]);
    },
  };
}

/** Whoever can connect commands the debugger, so another user of this machine must not. */
async function isOurs(peerPort: number, ownPort: number): Promise<boolean> {
  const owner = await peerOwner(peerPort, ownPort);
  return owner === undefined || owner === 0 || owner === process.getuid?.();
}

/**
 * A connection to a port that a network leads to, as `openRelay` wants it. When it is over it is reset: what held the
 * other end can be frozen at once, without a connection of which CRIU would have to know what became of it.
 */
export async function connectTo(address: string, port: number): Promise<Execution> {
  const socket = createConnection(port, address);
  await once(socket, "connect");
  const stdin = new Writable({
    write: (chunk: Buffer, _encoding, done) => void socket.write(chunk, done),
    final: (done) => {
      socket.resetAndDestroy();
      done();
    },
  });
  socket.on("error", () => socket.destroy());
  const exit = new Promise<number>((resolve) => socket.once("close", () => resolve(0)));
  return { stdin, stdout: socket, stderr: new PassThrough().end(), exit };
}

/** Carries one connection to its end, and gives when the program has ended. */
async function carry(
  socket: Socket,
  open: () => Promise<Execution>,
  onMessage: RelayOptions["onMessage"],
): Promise<void> {
  const execution = await open();
  const { stdin, stdout, stderr } = execution;
  stderr.on("data", (chunk: Buffer) => onMessage?.(chunk.toString("utf8").slice(0, 4096)));
  stdin.on("error", () => socket.destroy());
  stdout.on("error", () => socket.destroy());
  if (socket.destroyed) stdin.end();
  socket.on("close", () => stdin.end());
  socket.pipe(stdin);
  stdout.pipe(socket);
  // A socket that nobody reads keeps no program from ending.
  socket.on("close", () => stdout.resume());
  await execution.exit;
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      reject(cause.code === "EADDRINUSE" ? liveErrors.portInUse(port, cause) : liveErrors.noPort(cause));
    });
    // Only for this machine; `isOurs` keeps its other users away.
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}
