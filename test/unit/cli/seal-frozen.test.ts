import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { generateIdentity, identityToRecipient } from "age-encryption";
import { parseSnapshot } from "../../../src/engine/index.ts";
import { CONTAINER_ID, dockerd, json, startStub } from "../engine/stub.ts";
import type { Stub } from "../engine/stub.ts";

const MAIN = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));
const TSX = import.meta.resolve("tsx");

/** What Podman gives as a checkpoint: anything that is a tar as long as this. */
const TAR = Buffer.alloc(40 * 1024);
TAR.write("ustar", 257);
/** Files may be this long, in blocks of 512 bytes: the checkpoint fits, and what it is sealed into, which is longer, doesn't. */
const LIMIT = TAR.length / 512;

/** The container through which Docker hands out files. */
const READER = "fedcba9876543210".repeat(4);

describe("cryoscope checkpoint --seal-for, when sealing fails", function () {
  this.timeout(180_000);
  let folder: string;
  let podman: Stub;
  let recipient: string;
  let file: string;

  before(async () => {
    recipient = await identityToRecipient(await generateIdentity());
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "cryoscope-seal-frozen-"));
    file = join(folder, "a.tar.age");
    podman = await startStub((request, response) => {
      const path = (request.url ?? "").split("?")[0] ?? "";
      if (path === "/_ping") response.writeHead(200, { "Libpod-API-Version": "5.8.0" }).end("OK");
      else if (path.endsWith("/info")) json(response, 200, { version: { Version: "5.8.0" }, host: {} });
      else if (path.endsWith("/checkpoint")) response.writeHead(200).end(TAR);
      else json(response, 200, { Id: CONTAINER_ID, Name: "one", State: { Status: "running", Pid: 7 } });
    });
  });
  afterEach(async () => {
    await podman[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  /** In a process that may write no file longer than `blocks`, as on a disk that becomes full. */
  function checkpoint(
    blocks: number | "unlimited",
    engine = podman.address,
    ...more: readonly string[]
  ): Promise<{ readonly code: number; readonly err: string }> {
    const command = ["--no-warnings", "--import", TSX, MAIN, "checkpoint", "one"];
    const options = ["--engine", engine, "-o", file, "--seal-for", recipient, ...more];
    // Without the trap the kernel would end the process instead of refusing the write.
    const script = 'trap "" XFSZ; ulimit -f "$1"; shift; exec "$@"';
    return new Promise((resolve) => {
      execFile(
        "sh",
        ["-c", script, "sh", String(blocks), process.execPath, ...command, ...options],
        // tsx keeps what it compiled in files, which may be longer.
        { env: { PATH: process.env["PATH"], TSX_DISABLE_CACHE: "1" } },
        (error, _out, err) => {
          resolve({ code: typeof error?.code === "number" ? error.code : error ? -1 : 0, err });
        },
      );
    });
  }

  it("keeps the plain checkpoint with its record, and says where it is and what to do", async () => {
    const { code, err } = await checkpoint(LIMIT);
    assert.notEqual(code, 0, err);
    assert.match(err, /frozen but not sealed.*in plain/);
    assert.match(err, /EFBIG/);
    assert.ok(err.includes(`cryoscope seal ${file}.plain`), err);
    // Nothing that looks sealed, and half of it isn't there.
    assert.deepEqual((await readdir(folder)).sort(), ["a.tar.age.plain", "a.tar.age.plain.json"]);
    assert.deepEqual(await readFile(`${file}.plain`), TAR);
    const snapshot = parseSnapshot(JSON.parse(await readFile(`${file}.plain.json`, "utf8")));
    assert.deepEqual(snapshot.checkpoint, { kind: "archive", path: `${file}.plain` });
    assert.equal(snapshot.sealed, undefined);
    assert.equal((await stat(`${file}.plain.json`)).mode & 0o077, 0);
  });

  it("leaves nothing plain where there is room enough, its record neither", async () => {
    const { code, err } = await checkpoint("unlimited");
    assert.equal(code, 0, err);
    assert.deepEqual((await readdir(folder)).sort(), ["a.tar.age", "a.tar.age.json"]);
  });

  it("freezes nothing when something is already where the sealed copy would go", async () => {
    await writeFile(file, "another's");
    const { code, err } = await checkpoint("unlimited");
    assert.notEqual(code, 0, err);
    assert.match(err, /something is there already/);
    assert.deepEqual(
      podman.requests.filter((one) => one.startsWith("POST")),
      [],
    );
    assert.equal(await readFile(file, "utf8"), "another's");
  });

  /** Docker with one container and whatever else `answer` takes upon itself. */
  function docker(
    answer: (path: string, request: IncomingMessage, response: ServerResponse) => boolean,
  ): Promise<Stub> {
    return startStub((request, response) => {
      const path = (request.url ?? "").split("?")[0] ?? "";
      if (answer(path, request, response)) return;
      if (request.method === "POST" && path.endsWith("/checkpoints")) response.writeHead(201).end();
      else if (path.endsWith("/containers/create")) json(response, 201, { Id: READER });
      else if (path.endsWith("/archive")) response.writeHead(200).end(TAR);
      else if (path.endsWith(READER)) response.writeHead(204).end();
      else dockerd(request, response, { status: "running" });
    });
  }
  const busy = (response: ServerResponse): true => {
    json(response, 500, { message: "device or resource busy" });
    return true;
  };

  it("says that the engine still has it in plain when the engine won't delete it", async () => {
    await using stub = await docker((path, _request, response) => path.endsWith("/frozen") && busy(response));
    const { code, err } = await checkpoint("unlimited", stub.address, "--name", "frozen");
    assert.notEqual(code, 0, err);
    assert.match(
      err,
      /frozen and sealed, but Docker.* still has it in plain.*busy.*Delete the checkpoint frozen/s,
    );
    assert.deepEqual((await readdir(folder)).sort(), ["a.tar.age", "a.tar.age.json"]);
    assert.equal(parseSnapshot(JSON.parse(await readFile(`${file}.json`, "utf8"))).sealed, true);
  });

  it("says that the engine has it, and keeps the record, when it can't be copied out", async () => {
    await using stub = await docker(
      (path, _request, response) => path.endsWith("/archive") && busy(response),
    );
    const { code, err } = await checkpoint("unlimited", stub.address, "--name", "frozen");
    assert.notEqual(code, 0, err);
    assert.match(err, /frozen, but can't be copied out.*busy/s);
    assert.ok(err.includes(`cryoscope restore ${file}.plain`), err);
    assert.deepEqual(await readdir(folder), ["a.tar.age.plain.json"]);
    const { checkpoint: kept } = parseSnapshot(JSON.parse(await readFile(`${file}.plain.json`, "utf8")));
    assert.deepEqual(kept, { kind: "named", id: "frozen" });
  });
});
