// Freezing containers that belong together: what they are found by, what is asked, and what is said when there are none.
import assert from "node:assert/strict";
import * as vscode from "vscode";
import type { TestApi } from "../../src/vscode/extension.ts";
import { startKubeStub } from "../unit/engine/kube-stub.ts";
import { json } from "../unit/engine/stub.ts";
import { Answers } from "./answers.ts";
import { DockerStandIn, idOf } from "./stand-ins.ts";

describe("freezing several containers from the editor", () => {
  let api: TestApi;
  let docker: DockerStandIn;
  const ask = new Answers();
  const endpoints = (value: readonly string[] | undefined) =>
    vscode.workspace
      .getConfiguration("cryoscope")
      .update("engine.endpoints", value, vscode.ConfigurationTarget.Workspace);

  before(async () => {
    const extension = vscode.extensions.getExtension<TestApi>("cryoscope.cryoscope");
    assert.ok(extension);
    api = await extension.activate();
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? "";
    const project = { "com.docker.compose.project": "sample" };
    docker = await DockerStandIn.start([
      { id: idOf(1), name: "web", labels: project },
      { id: idOf(2), name: "database", labels: project },
      { id: idOf(3), name: "inside", labels: { "devcontainer.local_folder": folder } },
      { id: idOf(4), name: "alone", labels: { app: "shop" } },
    ]);
    await endpoints([docker.address]);
  });
  afterEach(() => {
    ask.putBack();
    docker.frozen.length = 0;
  });
  after(async () => {
    for (const one of await api.catalog.list()) await api.catalog.remove(one);
    await endpoints(undefined);
    await docker.stop();
  });

  it("takes the containers of a compose project, whose name is proposed, after a question", async () => {
    ask.give({ showInputBox: ["sample"], showQuickPick: [["web", "database"]] });
    await vscode.commands.executeCommand("cryoscope.freezeCompose");
    assert.equal(ask.questions[0]?.value, "sample");
    assert.match(ask.questions[1]?.words ?? "", /They go on running/);
    assert.deepEqual(ask.questions[1]?.choices, ["web", "database"]);
    assert.deepEqual([...docker.frozen].sort(), ["database", "web"]);
    assert.ok((await api.catalog.list()).some(({ container }) => container.name === "database"));
  });

  it("does nothing when that is declined", async () => {
    for (const answer of [undefined, []]) {
      ask.give({ showInputBox: ["sample"], showQuickPick: [answer] });
      await vscode.commands.executeCommand("cryoscope.freezeCompose");
      assert.deepEqual(docker.frozen, []);
    }
  });

  it("takes of them only those that are left ticked", async () => {
    ask.give({ showInputBox: ["sample"], showQuickPick: [["database"]] });
    await vscode.commands.executeCommand("cryoscope.freezeCompose");
    assert.deepEqual(docker.frozen, ["database"]);
  });

  it("takes the dev container of the workspace's folder", async () => {
    ask.give({ showQuickPick: [["inside"]] });
    await vscode.commands.executeCommand("cryoscope.freezeDevContainer");
    assert.deepEqual(docker.frozen, ["inside"]);
  });

  it("takes what a label selects, and says so when that is nothing", async () => {
    ask.give({ showInputBox: ["app=shop"], showQuickPick: [["alone"]] });
    await vscode.commands.executeCommand("cryoscope.freezeSelected");
    assert.deepEqual(docker.frozen, ["alone"]);
    ask.give({ showInputBox: ["app=none"], showInformationMessage: [undefined] });
    await vscode.commands.executeCommand("cryoscope.freezeSelected");
    assert.match(ask.questions[1]?.words ?? "", /No running container has app=none/);
  });

  it("tells what a cluster finds wrong with a selector that nothing else takes", async () => {
    const why = "unable to parse requirement: found '', expected: ',' or ')'";
    await using _stub = await startKubeStub(({ url = "" }, response) => {
      if (url.startsWith("/version")) json(response, 200, { gitVersion: "v1.36.2" });
      else if (url.includes("labelSelector=")) json(response, 400, { kind: "Status", message: why });
      else json(response, 404, { kind: "Status", message: "not found" });
    });
    await endpoints([docker.address, "kubernetes://"]);
    try {
      ask.give({
        showInputBox: ["app in (web"],
        showErrorMessage: [undefined],
        showInformationMessage: [undefined],
      });
      await vscode.commands.executeCommand("cryoscope.freezeSelected");
      assert.deepEqual(
        ask.questions.map(({ by }) => by),
        ["showInputBox", "showErrorMessage"],
      );
      assert.ok(ask.questions[1]?.words.includes(why), ask.questions[1]?.words);
    } finally {
      await endpoints([docker.address]);
    }
  });
});
