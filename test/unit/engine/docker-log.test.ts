import assert from "node:assert/strict";
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { shimLogs, taskFolders } from "../../../src/engine/criu-log-places.ts";
import { criuFailure } from "../../../src/engine/docker-log.ts";
import { fixture } from "../fixtures.ts";
import { CONTAINER_ID } from "./stub.ts";

// dockerd 26.1.5's own words; only the folder differs.
const refusedIn = (folder: string): string =>
  `Cannot checkpoint container ${CONTAINER_ID}: runc did not terminate successfully: exit status 1: ` +
  `criu failed: type NOTIFY errno 0 path= ${folder}/criu-dump.log: unknown`;

describe("Docker's word that CRIU failed", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "cryoscope-log-"));
  });
  afterEach(() => rm(folder, { recursive: true }));
  const root = (): Promise<string> => Promise.resolve(folder);

  it("leads to the log it names, when that can be read", async () => {
    await cp(join(await fixture("criu-logs"), "c-tcpest-refused.log"), join(folder, "criu-dump.log"));
    const failure = await criuFailure(refusedIn(folder), CONTAINER_ID, root);
    assert.equal(failure?.verb, "freeze");
    assert.match(failure.line ?? "", /sk-inet\.c:200\).*Connected TCP socket/);
    assert.equal(failure.log, join(folder, "criu-dump.log"));
  });

  it("of a restore leads to the log beside containerd's state", async () => {
    const state = join(folder, "containerd/daemon/io.containerd.runtime.v2.task/moby", CONTAINER_ID);
    await mkdir(state, { recursive: true });
    await cp(join(await fixture("criu-logs"), "c-locks-refused.log"), join(state, "restore.log"));
    const message = "failed to create task: OCI runtime restore failed: criu failed: type NOTIFY errno 0";
    const failure = await criuFailure(message, CONTAINER_ID, root);
    assert.equal(failure?.verb, "restore");
    assert.match(failure.line ?? "", /file-lock\.c/);
  });

  it("of a restore is looked for beside the machine's own containerd as well", () => {
    const folders = taskFolders("/var/lib/docker", "moby", CONTAINER_ID);
    assert.deepEqual(shimLogs(folders, "restoring"), [
      `/var/lib/docker/containerd/daemon/io.containerd.runtime.v2.task/moby/${CONTAINER_ID}/restore.log`,
      `/var/lib/containerd/io.containerd.runtime.v2.task/moby/${CONTAINER_ID}/restore.log`,
    ]);
  });

  it("says where the log is when it can't be read", async () => {
    const failure = await criuFailure(refusedIn(folder), CONTAINER_ID, root);
    assert.equal(failure?.line, undefined);
    assert.ok(failure?.next.includes(`${folder}/criu-dump.log`));
  });

  it("can't make us read a file of another name", async () => {
    const failure = await criuFailure(
      refusedIn(folder).replace("criu-dump.log", "secret"),
      CONTAINER_ID,
      root,
    );
    assert.ok(failure !== undefined && failure.log === undefined && !failure.next.includes("secret"));
  });

  it("isn't seen in other words", async () => {
    assert.equal(await criuFailure("no such container: x", CONTAINER_ID, root), undefined);
  });
});
