import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import {
  connected,
  connectLab,
  counted,
  countedAtLeast,
  freePort,
  frozenProcesses,
  labSocket,
  removeContainer,
  startContainer,
} from "./engine-helpers.ts";
import { PROJECT } from "./place.ts";

const NAME = "cryoscope-cli";
const COPY = "cryoscope-cli-copy";

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function cryoscope(...args: readonly string[]): Promise<Ended> {
  const start = join(PROJECT, "src/cli/start.ts");
  // Nothing of this machine's own engines is of interest here.
  const env = { ...process.env, DOCKER_HOST: `unix://${labSocket("docker")}`, CONTAINER_HOST: "" };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ["--import", "tsx", start, ...args],
      { env, cwd: PROJECT },
      (error, stdout, stderr) => {
        resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
      },
    );
  });
}

/** The parsed output, which must be as its schema in docs/ says. */
async function asSchema(name: string, { stdout }: Ended): Promise<unknown> {
  const schema = JSON.parse(await readFile(join(PROJECT, `docs/${name}.schema.json`), "utf8")) as object;
  const validate = new Ajv2020({ strict: false }).compile(schema);
  const document: unknown = JSON.parse(stdout);
  assert.ok(validate(document), JSON.stringify(validate.errors));
  return document;
}

describe("the command line on the lab's engines", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "cryoscope-cli-"));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
    for (const kind of ["docker", "podman"] as const) {
      await removeContainer(kind, NAME);
      await removeContainer(kind, COPY);
    }
  });

  it("lists the engines as its schema says", async () => {
    const document = await asSchema("engines", await cryoscope("engines", "--json"));
    assert.ok(JSON.stringify(document).includes('"kind":"docker"'));
    assert.match((await cryoscope("engines")).stdout, /^Docker \d/m);
  });

  it("freezes with Podman into a file and restores it under another name", async () => {
    const podman = await connectLab("podman");
    await startContainer(podman, "podman", NAME);
    await countedAtLeast("podman", NAME, 4);
    const file = join(folder, "frozen.tar");
    const engine = `unix://${labSocket("podman")}`;
    const frozen = await cryoscope(
      "checkpoint",
      NAME,
      "--engine",
      engine,
      "-o",
      file,
      "--leave-running",
      "--json",
    );
    await asSchema("checkpoint", frozen);
    assert.deepEqual(await readdir(folder), ["frozen.tar", "frozen.tar.json"]);
    assert.ok((await frozenProcesses(file)).includes("sh"));
    // The record beside it says which engine.
    const restored = await cryoscope("restore", file, "--name", COPY, "--json");
    await asSchema("restore", restored);
    await countedAtLeast("podman", COPY, 8);
    const numbers = await counted("podman", COPY);
    assert.equal(numbers.lastIndexOf(0), 0, numbers.join(" "));
    // And without the record.
    await rm(`${file}.json`);
    await removeContainer("podman", COPY);
    const again = await cryoscope("restore", file, "--engine", engine, "--name", COPY);
    assert.equal(again.code, 0, again.stderr);
  });

  it("freezes with Docker and gives a copy of the images", async () => {
    await startContainer(await connectLab("docker"), "docker", NAME);
    const file = join(folder, "copy.tar");
    const frozen = await cryoscope("checkpoint", NAME, "--engine", "docker", "-o", file);
    assert.equal(frozen.code, 0, frozen.stderr);
    assert.equal(frozen.stdout, `${file}\n`);
    assert.ok((await frozenProcesses(file)).includes("sh"));
    const restored = await cryoscope("restore", file);
    assert.equal(restored.code, 0, restored.stderr);
    assert.match(restored.stdout, new RegExp(`^${NAME} [0-9a-f]{64}$`, "m"));
  });

  it("says beforehand what CRIU will refuse, with exit status 1", async () => {
    const podman = await connectLab("podman");
    await startContainer(podman, "podman", NAME, { command: connected(await freePort()) });
    await countedAtLeast("podman", NAME, 1);
    const engine = `unix://${labSocket("podman")}`;
    const told = await cryoscope("checkpoint", NAME, "--engine", engine, "--preflight");
    assert.equal(told.code, 1);
    assert.match(told.stdout, /^stops\s+TCP connections$/m);
    const kept = await cryoscope("checkpoint", NAME, "--engine", engine, "--preflight", "--tcp-established");
    assert.doesNotMatch(kept.stdout, /^stops/m);
  });

  it("refuses wrong words with exit status 2 and failures with 3", async () => {
    const file = join(folder, "x.tar");
    assert.equal((await cryoscope("checkpoint", "x", "-o", file)).code, 2);
    assert.equal((await cryoscope("checkpoint", "x", "--engine", "nothing", "-o", file)).code, 2);
    const locks = await cryoscope("checkpoint", "x", "--engine", "docker", "-o", file, "--file-locks");
    assert.equal(locks.code, 2);
    assert.match(locks.stderr, /can't do fileLocks/);
    const gone = await cryoscope("checkpoint", "nobody", "--engine", "docker", "-o", file);
    assert.equal(gone.code, 3);
    assert.match(gone.stderr, /no container nobody/);
    assert.deepEqual(await readdir(folder), []);
  });
});
