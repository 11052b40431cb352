// `node --import tsx test/bench/engine.ts [ROUNDS]`: what freezing and waking by the engine's interface costs beside the
// bare calls of its API, on the lab's engines (`test/lab/lab.ts up`), in turn. The goal is less than 100 ms more.
import { createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { request } from "node:http";
import type { IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Engine } from "../../src/engine/index.ts";
import {
  connectLab,
  countedAtLeast,
  labSocket,
  removeContainer,
  startContainer,
  stopContainer,
} from "../lab/engine-helpers.ts";
import { median } from "./measure.ts";

const ROUNDS = Number(process.argv[2] ?? 15);
const NAME = "cryoscope-bench";

/** One call of an engine's API, by node:http alone; the body goes to a file when one is named. */
async function bare(
  socketPath: string,
  method: string,
  path: string,
  { body, output }: { readonly body?: Buffer; readonly output?: string } = {},
): Promise<void> {
  const headers = body
    ? { "Content-Type": path.includes("restore") ? "application/x-tar" : "application/json" }
    : {};
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    request({ socketPath, method, path, headers }, resolve).once("error", reject).end(body);
  });
  if ((answer.statusCode ?? 500) >= 400)
    throw new Error(
      `${path}: ${String(answer.statusCode)} ${Buffer.concat(await answer.toArray()).toString()}`,
    );
  if (output === undefined) await answer.resume().toArray();
  else await pipeline(answer, createWriteStream(output));
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** The engine's own clean-up after a checkpoint: ours keeps its distance or tries again, the bare call would fail. */
const rest = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1000));

interface Row {
  readonly what: string;
  readonly ours: number[];
  readonly bare: number[];
}

async function docker(engine: Engine): Promise<readonly Row[]> {
  const socket = labSocket("docker");
  const freeze: Row = { what: "Docker: freeze, leaving it running", ours: [], bare: [] };
  const { id } = await startContainer(engine, "docker", NAME);
  await countedAtLeast("docker", NAME, 2);
  for (let round = 0; round < ROUNDS; round++) {
    const name = `round-${round}`;
    await rest();
    const took = await timed(() => engine.checkpoint(id, { name, leaveRunning: true }));
    await engine.deleteCheckpoint?.(id, name);
    await rest();
    const body = Buffer.from(JSON.stringify({ CheckpointID: `bare-${round}`, Exit: false }));
    const path = `/containers/${id}/checkpoints`;
    const plain = await timed(() => bare(socket, "POST", path, { body }));
    await engine.deleteCheckpoint?.(id, `bare-${round}`);
    freeze.ours.push(took);
    freeze.bare.push(plain);
  }
  const wake: Row = { what: "Docker: wake", ours: [], bare: [] };
  // After a bare call too: a checkpoint that stops the container is lost when dockerd still cleans up (moby#42900).
  await rest();
  const { snapshot } = await engine.checkpoint(id, { name: "wake" });
  for (let round = 0; round < ROUNDS; round++) {
    await rest();
    wake.ours.push(await timed(() => engine.restore(snapshot)));
    await stopContainer("docker", NAME);
    await rest();
    wake.bare.push(await timed(() => bare(socket, "POST", `/containers/${id}/start?checkpoint=wake`)));
    await stopContainer("docker", NAME);
  }
  await removeContainer("docker", NAME);
  return [freeze, wake];
}

async function podman(engine: Engine, folder: string): Promise<readonly Row[]> {
  const socket = labSocket("podman");
  const freeze: Row = { what: "Podman: freeze into an archive", ours: [], bare: [] };
  const { id } = await startContainer(engine, "podman", NAME);
  await countedAtLeast("podman", NAME, 2);
  const api = "/v5.0.0/libpod/containers";
  for (let round = 0; round < ROUNDS; round++) {
    const archive = join(folder, `${round}.tar`);
    const output = join(folder, `${round}-bare.tar`);
    freeze.ours.push(
      await timed(() => engine.checkpoint(id, { name: "bench", leaveRunning: true, archive })),
    );
    const path = `${api}/${id}/checkpoint?export=true&leaveRunning=true`;
    freeze.bare.push(await timed(() => bare(socket, "POST", path, { output })));
  }
  const wake: Row = { what: "Podman: wake from an archive", ours: [], bare: [] };
  const archive = join(folder, "wake.tar");
  const { snapshot } = await engine.checkpoint(id, { name: "wake", archive });
  for (let round = 0; round < ROUNDS; round++) {
    await removeContainer("podman", NAME);
    wake.ours.push(await timed(() => engine.restore(snapshot)));
    await removeContainer("podman", NAME);
    wake.bare.push(
      await timed(async () =>
        bare(socket, "POST", `${api}/import/restore?import=true`, { body: await readFile(archive) }),
      ),
    );
  }
  await removeContainer("podman", NAME);
  return [freeze, wake];
}

const folder = await mkdtemp(join(tmpdir(), "cryoscope-bench-"));
try {
  const rows = [
    ...(await docker(await connectLab("docker"))),
    ...(await podman(await connectLab("podman"), folder)),
  ];
  console.log(`| what | Cryoscope ms | bare API call ms | more ms | goal |\n| --- | --- | --- | --- | --- |`);
  for (const row of rows) {
    const [ours, plain] = [median(row.ours), median(row.bare)];
    const cells = [ours, plain, ours - plain].map((value) => value.toFixed(0));
    console.log(`| ${row.what} | ${cells.join(" | ")} | < 100 |`);
  }
} finally {
  for (const kind of ["docker", "podman"] as const) await removeContainer(kind, NAME);
  await rm(folder, { recursive: true });
}
