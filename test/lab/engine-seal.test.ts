// Sealing right after freezing: what is plain of it is nowhere any more, and the key brings it back.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream as WebStream } from "node:stream/web";
import { Decrypter, generateX25519Identity, identityToRecipient } from "age-encryption";
import { fixture } from "../unit/fixtures.ts";
import { connectLab, countedAtLeast, labSocket, removeContainer, startContainer } from "./engine-helpers.ts";
import { PROJECT } from "./place.ts";
import { DOCKER_DATA } from "./sockets.ts";

const NAME = "cryoscope-sealed";
const COPY = "cryoscope-sealed-copy";
/** In the memory of the container, and in no name. */
const MARKER = "plain-marker-4711";

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(file: string, args: readonly string[]): Promise<Ended> {
  const env = { ...process.env, DOCKER_HOST: `unix://${labSocket("docker")}`, CONTAINER_HOST: "" };
  return new Promise((resolve) => {
    execFile(file, args, { env, cwd: PROJECT }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
    });
  });
}
const cryoscope = (...args: readonly string[]): Promise<Ended> =>
  run(process.execPath, ["--import", "tsx", join(PROJECT, "src/cli/start.ts"), ...args]);
/** Files below a folder that hold the marker. */
const holding = async (folder: string): Promise<readonly string[]> =>
  (await run("grep", ["-rlF", MARKER, folder])).stdout.split("\n").filter((name) => name !== "");

describe("sealing right after freezing in the lab", function () {
  this.timeout(120_000);
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "cryoscope-seal-"));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
    for (const kind of ["docker", "podman"] as const) await removeContainer(kind, NAME);
    await removeContainer("podman", COPY);
  });

  it("leaves of Podman's archive what age opens, and Podman restores that", async () => {
    const identity = await generateX25519Identity();
    const recipient = await identityToRecipient(identity);
    const podman = await connectLab("podman");
    await startContainer(podman, "podman", NAME, { environment: [`M=${MARKER}`] });
    await countedAtLeast("podman", NAME, 3);
    const engine = `unix://${labSocket("podman")}`;
    const plain = join(folder, "plain.tar");
    const without = await cryoscope("checkpoint", NAME, "--engine", engine, "-o", plain, "--leave-running");
    assert.equal(without.code, 0, without.stderr);
    assert.ok((await holding(folder)).includes(plain), "without sealing the marker can be found");
    await rm(plain);
    const file = join(folder, "sealed.tar.age");
    const frozen = await cryoscope(
      "checkpoint",
      NAME,
      "--engine",
      engine,
      "-o",
      file,
      "--seal-for",
      recipient,
    );
    assert.equal(frozen.code, 0, frozen.stderr);
    assert.match(frozen.stderr, /doesn't erase/);
    assert.deepEqual(await holding(folder), []);
    assert.deepEqual((await readdir(folder)).sort(), [
      "plain.tar.json",
      "sealed.tar.age",
      "sealed.tar.age.json",
    ]);
    // It was read by JSON's own rules; only what is looked at has a type.
    const record = JSON.parse(await readFile(`${file}.json`, "utf8")) as {
      sealed?: boolean;
      sealedFor?: readonly string[];
    };
    assert.equal(record.sealed, true);
    assert.deepEqual(record.sealedFor, [recipient]);
    const refused = await cryoscope("restore", file);
    assert.equal(refused.code, 3);
    assert.match(refused.stderr, /sealed when it was frozen/);

    const decrypter = new Decrypter();
    decrypter.addIdentity(identity);
    const web = Readable.toWeb(createReadStream(file)) as unknown as ReadableStream<Uint8Array>;
    const opened = await decrypter.decrypt(web);
    const tar = join(folder, "opened.tar");
    await pipeline(Readable.fromWeb(opened as unknown as WebStream), createWriteStream(tar));
    const restored = await cryoscope("restore", tar, "--engine", engine, "--name", COPY);
    assert.equal(restored.code, 0, restored.stderr);
    assert.equal((await podman.inspect(COPY)).state, "running");
  });

  it("leaves of Docker's checkpoint CRIU's own seal, and nothing with Docker", async () => {
    const docker = await connectLab("docker");
    const { id } = await startContainer(docker, "docker", NAME, { environment: [`M=${MARKER}`] });
    await countedAtLeast("docker", NAME, 3);
    const keys = await fixture("sealed/keys");
    const out = join(folder, "sealed");
    const certificate = join(keys, "key1.cert.pem");
    const args = ["checkpoint", NAME, "--engine", "docker", "-o", out, "--seal-for", certificate];
    const frozen = await cryoscope(...args);
    assert.equal(frozen.code, 0, frozen.stderr);
    assert.deepEqual(await docker.listCheckpoints?.(id), []);
    assert.deepEqual(await readdir(join(DOCKER_DATA, "containers", id, "checkpoints")).catch(() => []), []);
    assert.deepEqual(await holding(folder), []);
    const seen = await cryoscope("inspect", out, "--json", "--key", join(keys, "key1.pkcs1.pem"));
    assert.equal(seen.code, 0, seen.stderr);
    assert.ok(seen.stdout.includes(MARKER) || seen.stdout.includes('"sh"'), seen.stdout.slice(0, 500));
  });

  it("freezes nothing for a recipient that is none", async () => {
    const podman = await connectLab("podman");
    await startContainer(podman, "podman", NAME);
    const engine = `unix://${labSocket("podman")}`;
    const file = join(folder, "no.tar");
    const wrong = await cryoscope("checkpoint", NAME, "--engine", engine, "-o", file, "--seal-for", "age1x");
    assert.equal(wrong.code, 3);
    assert.equal((await podman.inspect(NAME)).state, "running");
    assert.deepEqual(await readdir(folder), []);
  });
});
