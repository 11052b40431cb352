// What is asked before anything is frozen, run or removed. Docker here is a stand-in that says what a real one says:
// the questions are what is tested; freezing and waking for real is in test/lab.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Locator } from "playwright-core";
import { workbench } from "../host/index.ts";
import { CONTAINER_ID, dockerd, json, startStub } from "../unit/engine/stub.ts";
import type { Stub } from "../unit/engine/stub.ts";
import { Session } from "./session.ts";

/** Asks for all that a container may: what a person should see before it runs. */
const SPEC = {
  process: {
    args: ["/bin/sh", "-c", "steal \u202eslaitnederc"],
    user: { uid: 0, gid: 0 },
    capabilities: { effective: ["CAP_CHOWN", "CAP_SYS_ADMIN"] },
  },
  mounts: [{ type: "bind", source: "/home", destination: "/victim", options: ["rbind", "rw"] }],
  linux: { namespaces: [{ type: "mount" }, { type: "pid" }, { type: "ipc" }] },
};

describe("what is asked before it is done, in a browser", function () {
  // Each goes on where the one before stopped.
  this.bail(true);
  let session: Session;
  let docker: Stub;
  let folder: string;

  before(async function () {
    this.timeout(300_000);
    folder = await mkdtemp(join(tmpdir(), "cryoscope-dialogs-"));
    docker = await startStub((request, response) => {
      const path = (request.url ?? "").split("?")[0] ?? "";
      if (path.endsWith("/containers/json")) json(response, 200, CONTAINERS);
      else if (request.method === "POST" && path.endsWith("/checkpoints")) response.writeHead(201).end();
      else if (request.method === "DELETE") response.writeHead(204).end();
      // containerd#12141: this version brings no container with a bridge back.
      else dockerd(request, response, { version: "28.5.2", networkMode: "bridge", status: "running" });
    });
    const workspace = join(folder, "from-elsewhere");
    await mkdir(join(workspace, ".vscode"), { recursive: true });
    await writeFile(
      join(workspace, ".vscode/settings.json"),
      JSON.stringify({
        "cryoscope.engine.endpoints": [docker.address],
        "cryoscope.snapshots.keep.count": 1,
      }),
    );
    await mkdir(join(workspace, "stranger"));
    await writeFile(join(workspace, "stranger/spec.dump"), JSON.stringify(SPEC));
    session = await Session.open(workspace);
  });
  after(async () => {
    await session.close();
    await docker[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });
  afterEach(async function () {
    if (this.currentTest?.state === "failed") await session.picture("failed-dialogs");
  });

  const dialog = (): Locator => session.page.locator(".monaco-dialog-box");
  const detail = async (): Promise<string> =>
    (await dialog().locator(".dialog-message-detail").textContent()) ?? "";
  const press = async (button: string): Promise<void> => {
    await dialog().getByRole("button", { name: button, exact: true }).click();
    await dialog().waitFor({ state: "detached" });
  };
  const frozen = (): number =>
    docker.requests.filter((one) => one.startsWith("POST") && one.includes("/checkpoints")).length;
  const snapshots = (): Locator => workbench.treeRows(session.page, "Snapshots");
  const pick = (text: string): Promise<void> => workbench.choose(session.page, text);
  const menu = (row: Locator, item: string | RegExp): Promise<void> =>
    workbench.chooseFromMenu(session.page, row, item);

  it("lists what runs and what doesn't, with its engine", async () => {
    await workbench.openView(session.page, "Cryoscope");
    const rows = workbench.treeRows(session.page, "Containers");
    await rows.filter({ hasText: "nginx" }).waitFor();
    await workbench.foldView(session.page, "Checkpoint");
    await session.pictures("containers", async () => {
      await rows.filter({ hasText: "nginx" }).click();
    });
  });

  it("names, before it freezes, that this Docker won't bring the container back", async () => {
    await workbench.runCommand(session.page, "Cryoscope: Freeze Container…", "nginx");
    await pick("nginx");
    await dialog().waitFor();
    assert.match(await detail(), /28\.5\.2 .*bridge, but can't restore it/);
    await session.picture("freeze-dialog");
    await press("Cancel");
    assert.equal(frozen(), 0);
  });

  it("freezes all the same when told so, and draws what comes after what", async () => {
    for (const name of ["first", "second"]) {
      await workbench.runCommand(session.page, "Cryoscope: Freeze Container…", "nginx");
      await pick("nginx");
      await dialog().waitFor();
      await press("Freeze Anyway");
      await workbench.answer(session.page, "Name of the snapshot", name);
      await pick("Leave it running");
      await snapshots().filter({ hasText: name }).waitFor();
    }
    assert.equal(frozen(), 2);
    const levels = await snapshots().evaluateAll((rows) =>
      rows.map((row) => [row.getAttribute("aria-label")?.split(",")[0], row.getAttribute("aria-level")]),
    );
    assert.deepEqual(levels, [
      ["Snapshot first of one", "1"],
      ["Snapshot second of one", "2"],
    ]);
  });

  it("shows the same as a timeline of the container when told so", async () => {
    const arrange = async (how: string): Promise<void> => {
      // The buttons in a view's title are seen while the pointer is there; the palette has them always.
      await workbench.runCommand(session.page, `Cryoscope: Show Snapshots as ${how}`);
    };
    await arrange("Timelines");
    await snapshots().filter({ hasText: "one" }).first().waitFor();
    await session.page.locator('.monaco-list-row[aria-label^="one, 2 snapshots"]').waitFor();
    assert.deepEqual(
      await snapshots().evaluateAll((rows) =>
        rows.map((row) => [row.getAttribute("aria-label")?.split(",")[0], row.getAttribute("aria-level")]),
      ),
      [
        ["one", "1"],
        ["Snapshot second of one", "2"],
        ["Snapshot first of one", "2"],
      ],
    );
    await session.pictures("timeline", async () => {
      await snapshots().nth(1).click();
    });
    await arrange("Chains");
    await session.page
      .locator('.monaco-list-row[aria-label^="one, 2 snapshots"]')
      .waitFor({ state: "detached" });
  });

  it("says in the status bar that a container is frozen again and again, and stops with a click there", async () => {
    const before = frozen();
    await workbench.runCommand(session.page, "Cryoscope: Freeze Again and Again…", "nginx");
    await pick("nginx");
    await pick("Every N seconds");
    await workbench.answer(session.page, "Seconds between two snapshots", "2");
    const item = session.page.locator(".statusbar-item", { hasText: "Freezing a container" });
    await item.waitFor();
    await snapshots().nth(2).waitFor();
    await session.picture("freezing-loop");
    await item.click();
    await item.waitFor({ state: "detached" });
    const stopped = frozen();
    assert.ok(stopped > before);
    await session.page.waitForTimeout(2500);
    assert.equal(frozen(), stopped);
    // What it made goes again: the tests after this one count.
    while ((await snapshots().count()) > 2) {
      const row = snapshots().filter({ hasText: /web-\d{4}-\d{6}/ });
      const count = await snapshots().count();
      await menu(row.first(), /^Delete Snapshot/);
      await dialog().waitFor();
      await press("Delete");
      await snapshots()
        .nth(count - 1)
        .waitFor({ state: "detached" });
    }
  });

  it("shows what an archive from elsewhere would run, and with what rights, and runs nothing when told not to", async () => {
    await workbench.openView(session.page, "Explorer");
    await menu(
      session.page.locator(".explorer-folders-view .monaco-list-row", { hasText: "stranger" }),
      /^Import Checkpoint as Snapshot/,
    );
    await workbench.openView(session.page, "Cryoscope");
    const row = snapshots().filter({ hasText: "stranger" });
    await row.first().waitFor();
    await session.pictures("snapshots", async () => {
      await row.first().click();
    });
    await menu(row.first(), "Restore Snapshot");
    await dialog().waitFor();
    const words = await detail();
    for (const said of [
      // The mark that turns the writing around is not in it.
      /Runs: \/bin\/sh -c "steal\s+slaitnederc"/,
      /As: 0:0/,
      /root, and not in a user namespace/,
      /capabilities CAP_SYS_ADMIN/,
      /no seccomp filter/,
      /\/home → \/victim/,
      /Network: the machine's/,
    ])
      assert.match(words, said);
    assert.ok(!words.includes("\u202e"));
    await session.picture("restore-dialog");
    const before = docker.requests.length;
    await press("Cancel");
    await menu(row.first(), "Restore Snapshot");
    await dialog().waitFor();
    // By a slip: what has the focus only opens it (seen open in test/vscode/keeping.test.ts).
    await session.page.keyboard.press("Enter");
    await dialog().waitFor({ state: "detached" });
    await session.page.waitForTimeout(1000);
    assert.deepEqual(
      docker.requests.slice(before).filter((one) => !one.startsWith("GET")),
      [],
    );
  });

  it("deletes a snapshot after a question, and not without", async () => {
    const row = snapshots().filter({ hasText: "stranger" });
    const ask = async (): Promise<void> => {
      await menu(row.first(), /^Delete Snapshot/);
      await dialog().waitFor();
      assert.match(await detail(), /gone for good/);
    };
    await ask();
    await press("Cancel");
    assert.equal(await row.count(), 1);
    await ask();
    await press("Delete");
    await row.first().waitFor({ state: "detached" });
  });

  it("names what is beyond the limits before it removes that", async () => {
    await workbench.runCommand(session.page, "Cryoscope: Delete Snapshots beyond the Limits…");
    await dialog().waitFor();
    assert.match(await detail(), /^first/);
    await session.picture("retention-dialog");
    await press("Cancel");
    assert.equal(await snapshots().count(), 2);
  });
});

/** As `GET /containers/json` lists them. */
const CONTAINERS = [
  {
    Id: CONTAINER_ID,
    Names: ["/web"],
    Image: "nginx:1.27",
    State: "running",
    Status: "Up 3 minutes",
    Command: "nginx",
  },
  {
    Id: CONTAINER_ID.replaceAll("0", "1"),
    Names: ["/database"],
    Image: "postgres:17",
    State: "running",
    Status: "Up 2 hours (healthy)",
    Command: "postgres",
  },
  {
    Id: CONTAINER_ID.replaceAll("0", "2"),
    Names: ["/migration"],
    Image: "web:dev",
    State: "exited",
    Status: "Exited (0) 2 hours ago",
    Command: "migrate",
  },
];
