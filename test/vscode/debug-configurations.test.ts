// F5 without a file, the list of what can be started, and what launch.json is completed with; the engines are stand-ins.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import * as vscode from "vscode";
import type { Snapshot } from "../../src/engine/index.ts";
import { registerConfigurations } from "../../src/vscode/debug/configurations.ts";
import type { TestApi } from "../../src/vscode/extension.ts";
import { Answers } from "./answers.ts";
import { openSample } from "./sample.ts";
import { DockerStandIn, idOf, PodmanStandIn } from "./stand-ins.ts";

/** What is read of package.json. */
interface Manifest {
  readonly contributes: {
    readonly debuggers: readonly {
      readonly type: string;
      readonly configurationAttributes?: Readonly<Record<string, object>>;
      readonly configurationSnippets?: readonly { readonly label: string }[];
    }[];
  };
}

describe("configurations for a debug session", () => {
  let api: TestApi;
  let manifest: Manifest;
  let sample: vscode.Uri;
  let docker: DockerStandIn;
  let podman: PodmanStandIn;
  let scratch: string;
  let snapshot: Snapshot;
  let files = 0;
  const ask = new Answers();

  before(async () => {
    const extension = vscode.extensions.getExtension<TestApi>("cryoscope.cryoscope");
    assert.ok(extension);
    api = await extension.activate();
    // As it is written: VS Code adds what all debuggers have to its own.
    const written = await readFile(join(extension.extensionPath, "package.json"), "utf8");
    manifest = JSON.parse(written) as Manifest;
    sample = vscode.Uri.joinPath(extension.extensionUri, "media/sample/checkpoint.tar.gz");
    scratch = await mkdtemp(join(tmpdir(), "cryo-configurations-"));
    docker = await DockerStandIn.start([{ id: idOf(1), name: "web" }]);
    podman = await PodmanStandIn.start([{ id: idOf(2), name: "sleeper" }]);
    await endpoints([docker.address, podman.address]);
    for (const one of await api.catalog.list()) await api.catalog.remove(one);
  });
  after(async () => {
    ask.putBack();
    for (const one of await api.catalog.list()) await api.catalog.remove(one);
    await endpoints(undefined);
    await docker.stop();
    await podman.stop();
    await rm(scratch, { recursive: true, force: true });
  });
  afterEach(ask.putBack);

  const endpoints = (value: unknown) =>
    vscode.workspace
      .getConfiguration("cryoscope")
      .update("engine.endpoints", value, vscode.ConfigurationTarget.Workspace);

  /** Starts debugging as F5 does where no file says what, and gives the session's configuration, if one was begun. */
  async function pressF5(): Promise<vscode.DebugConfiguration | undefined> {
    let begun: vscode.DebugConfiguration | undefined;
    const tracking = vscode.debug.registerDebugAdapterTrackerFactory("cryoscope", {
      createDebugAdapterTracker: ({ configuration }) => void (begun = configuration),
    });
    try {
      const empty = { type: "cryoscope", request: "", name: "" };
      // Whether what follows is a session is another matter: there is no engine to wake anything.
      await Promise.resolve(vscode.debug.startDebugging(undefined, empty)).catch(() => false);
      await vscode.debug.stopDebugging();
      return begun;
    } finally {
      tracking.dispose();
    }
  }

  it("lead to a container to freeze while there is no snapshot", async () => {
    ask.give({ showInformationMessage: [undefined], showQuickPick: [] });
    assert.equal(await pressF5(), undefined);
    assert.deepEqual(ask.asked, ["There is no snapshot to wake yet."]);
    assert.deepEqual(ask.questions[0]?.choices, ["Freeze a Container…"]);
  });

  it("are asked for by F5 without a file: the snapshot that is chosen is woken", async () => {
    snapshot = (await vscode.commands.executeCommand("cryoscope.importSnapshot", sample)) as Snapshot;
    // It came from elsewhere, which is asked about; nobody says yes.
    ask.give({ showQuickPick: [snapshot.name], showWarningMessage: [] });
    const begun = await pressF5();
    assert.deepEqual(
      [begun?.type, begun?.request, begun?.name, begun?.["snapshot"] as unknown],
      ["cryoscope", "launch", `Wake ${snapshot.name}`, snapshot.id],
    );
    assert.match(ask.asked[0] ?? "", /^Wake and Debug: Which snapshot\?$/);
    assert.deepEqual(ask.questions[0]?.choices, [snapshot.name]);
  });

  it("are none when F5 is given up", async () => {
    ask.give({ showQuickPick: [], showWarningMessage: [] });
    assert.equal(await pressF5(), undefined);
    assert.equal(ask.asked.length, 1);
  });

  it("are offered for the latest snapshots in the list of what can be started", async () => {
    const real = vscode.debug.registerDebugConfigurationProvider;
    const providers: vscode.DebugConfigurationProvider[] = [];
    const functions = vscode.debug as unknown as Record<string, unknown>;
    functions["registerDebugConfigurationProvider"] = (
      type: string,
      provider: vscode.DebugConfigurationProvider,
      trigger?: vscode.DebugConfigurationProviderTriggerKind,
    ) => {
      assert.equal(type, "cryoscope");
      if (trigger === vscode.DebugConfigurationProviderTriggerKind.Dynamic) providers.push(provider);
      return new vscode.Disposable(() => undefined);
    };
    try {
      registerConfigurations(api.catalog).dispose();
    } finally {
      functions["registerDebugConfigurationProvider"] = real;
    }
    assert.equal(providers.length, 1);
    assert.deepEqual(await providers[0]?.provideDebugConfigurations?.(undefined), [
      { type: "cryoscope", request: "launch", name: `Wake ${snapshot.name}`, snapshot: snapshot.id },
    ]);
  });

  describe("are completed in launch.json:", () => {
    /** What is offered for the value of a property, as it would be written, beside these others. */
    async function offered(property: string, others: object): Promise<readonly string[]> {
      const configuration = { type: "cryoscope", name: "Mine", ...others, [property]: "HERE" };
      const text = JSON.stringify({ version: "0.2.0", configurations: [configuration] }, undefined, 2);
      const file = vscode.Uri.file(join(scratch, String(++files), ".vscode/launch.json"));
      await vscode.workspace.fs.createDirectory(vscode.Uri.joinPath(file, ".."));
      await writeFile(file.fsPath, text.replace("HERE", ""));
      const document = await vscode.workspace.openTextDocument(file);
      const { items } = await vscode.commands.executeCommand<vscode.CompletionList>(
        ...["vscode.executeCompletionItemProvider", file, document.positionAt(text.indexOf("HERE"))],
      );
      return items
        .filter(({ kind, label }) => kind === vscode.CompletionItemKind.Value && typeof label === "object")
        .map(({ insertText }) => String(insertText));
    }

    it("the snapshot by its name, and its files", async () => {
      assert.deepEqual(await offered("snapshot", { request: "launch" }), [JSON.stringify(snapshot.name)]);
      assert.ok(snapshot.checkpoint.kind === "archive");
      assert.deepEqual(await offered("checkpoint", { request: "launch", mode: "postmortem" }), [
        JSON.stringify(snapshot.checkpoint.path),
      ]);
    });

    it("the containers that run, of all engines or of the one that is named", async () => {
      const all = await offered("container", { request: "attach" });
      // The stand-in for Podman writes names as Docker does.
      assert.deepEqual(new Set(all), new Set(['"web"', '"/sleeper"']));
      const one = await offered("container", { request: "attach", engine: podman.address });
      assert.deepEqual(one, ['"/sleeper"']);
    });

    it("the addresses of the engines", async () => {
      assert.deepEqual(
        new Set(await offered("engine", { request: "attach" })),
        new Set([docker.address, podman.address].map((one) => JSON.stringify(one))),
      );
    });

    it("the processes of the snapshot, and of a checkpoint that is written as the workspace has it", async () => {
      // As `crit decode` has them in its pstree.img.
      const pids = ["1", "6", "7"];
      assert.deepEqual(await offered("pid", { request: "launch", snapshot: snapshot.name }), pids);
      const frozen = { request: "launch", mode: "postmortem" };
      assert.deepEqual(await offered("pid", { ...frozen, checkpoint: sample.fsPath }), pids);
      // As the snippet writes it, and as the session reads it.
      for (const checkpoint of ["${workspaceFolder}/checkpoint.tar.gz", "checkpoint.tar.gz"])
        assert.deepEqual(await offered("pid", { ...frozen, checkpoint }), pids, checkpoint);
      assert.deepEqual(await offered("pid", { ...frozen, checkpoint: "${env:OTHER}/a.tar.gz" }), []);
      assert.deepEqual(await offered("pid", frozen), []);
    });

    it("the processes of a container that runs", async () => {
      // Of a container whose processes aren't this machine's, all that is known is its first.
      assert.deepEqual(await offered("pid", { request: "attach", container: "web" }), ["1"]);
    });

    it("the processes of an ELF core", async () => {
      const core = vscode.Uri.file(join(scratch, "core.6"));
      const { sample: entry } = await openSample();
      const row = { kind: "process", entry, process: entry.checkpoint?.process(6) };
      await vscode.commands.executeCommand("cryoscope.exportCore", row, core);
      const frozen = { request: "launch", mode: "postmortem", checkpoint: core.fsPath };
      assert.deepEqual(await offered("pid", frozen), ["6"]);
    });

    it("nothing of it in the configurations of other debuggers", async () => {
      assert.deepEqual(await offered("container", { type: "node", request: "attach" }), []);
    });

    describe("by VS Code itself, out of package.json:", () => {
      let folder: string;
      const launch = `{ "version": "0.2.0", "configurations": [HERE] }`;

      before(async () => {
        folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? "";
        assert.notEqual(folder, "");
        await mkdir(join(folder, ".vscode"), { recursive: true });
        await writeFile(join(folder, ".vscode/launch.json"), "");
      });
      after(async () => {
        await vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
        await rm(join(folder, ".vscode"), { recursive: true, force: true });
      });

      /** What VS Code offers in the editor with this text, which knows the types of all extensions only after a while. */
      async function known<T>(text: string, find: (items: vscode.CompletionItem[]) => T | undefined) {
        const file = vscode.Uri.file(join(folder, ".vscode/launch.json"));
        const editor = await vscode.window.showTextDocument(file);
        const { document } = editor;
        // It is never saved: what the file has is read anew only by and by.
        const all = new vscode.Range(0, 0, document.lineCount, 0);
        assert.ok(await editor.edit((edit) => edit.replace(all, text.replace("HERE", ""))));
        const position = document.positionAt(text.indexOf("HERE"));
        for (let tries = 0; tries < 200; tries++) {
          const { items } = await vscode.commands.executeCommand<vscode.CompletionList>(
            ...["vscode.executeCompletionItemProvider", file, position],
          );
          const found = find(items);
          if (found !== undefined) return { editor, found };
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
        throw new Error(`not offered: ${text}`);
      }
      const labelOf = ({ label }: vscode.CompletionItem): string =>
        typeof label === "string" ? label : label.label;

      it("runtimes", async () => {
        const text = launch.replace("HERE", `{ "type": "cryoscope", "request": "launch", "runtime": HERE }`);
        const { found } = await known(text, (items) => {
          const labels = items.map((item) => labelOf(item).replaceAll('"', ""));
          return labels.includes("node") ? labels : undefined;
        });
        for (const runtime of ["auto", "node", "python", "native", "go", "java"])
          assert.ok(found.includes(runtime), `${runtime}: ${found.join(" ")}`);
      });

      it("snippets, each of which is a configuration that the type knows when it is inserted", async () => {
        const own = manifest.contributes.debuggers.find(({ type }) => type === "cryoscope");
        const snippets = own?.configurationSnippets ?? [];
        assert.ok(snippets.length >= 4);
        for (const { label } of snippets) {
          const { editor, found } = await known(launch, (items) =>
            items.find((item) => labelOf(item) === label),
          );
          const { insertText, range } = found;
          assert.ok(insertText instanceof vscode.SnippetString, label);
          const at = range === undefined || range instanceof vscode.Range ? range : range.inserting;
          assert.ok(await editor.insertSnippet(insertText, at), label);
          const written = JSON.parse(editor.document.getText()) as {
            readonly configurations: readonly vscode.DebugConfiguration[];
          };
          const [configuration, ...others] = written.configurations;
          assert.deepEqual([configuration?.type, others.length], ["cryoscope", 0], label);
          const { type: _type, request = "", name, ...rest } = configuration ?? { type: "" };
          assert.match(String(name), /\w/);
          const schema = own?.configurationAttributes?.[request];
          assert.ok(schema, `${label}: ${request}`);
          const validate = new Ajv2020({ strict: false }).compile({ ...schema, additionalProperties: false });
          assert.ok(validate(rest), `${label}: ${JSON.stringify(validate.errors)}`);
          const text = JSON.stringify(rest);
          if (text.includes("workspaceFolder")) assert.match(text, /"\$\{workspaceFolder\}["/]/, label);
        }
      });
    });
  });
});
