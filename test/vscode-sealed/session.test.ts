// A session over sealed checkpoints, as a person would have it. What it leaves behind is looked for when VS Code has
// ended (test/host/traces.ts): nothing here may write plaintext, on purpose or not.
import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import {
  commands,
  debug,
  extensions,
  FileType,
  languages,
  Position,
  TreeItemCollapsibleState,
  Uri,
  window,
  workspace,
  WorkspaceEdit,
} from "vscode";
import type { DebugSession } from "vscode";
import type { TestApi } from "../../src/vscode/extension.ts";
import { Answers } from "../vscode/answers.ts";

type Entry = TestApi["checkpoint"]["openCheckpoints"][number];
type Row = Parameters<TestApi["checkpoint"]["view"]["getTreeItem"]>[0];

/** What test/host/traces.ts gives. */
const given = JSON.parse(process.env["CRYOSCOPE_TEST_SEALED"] ?? "{}") as {
  readonly keys: readonly string[];
  /** Of what openssl has sealed: it has no key file. */
  readonly passphrase: string;
  readonly checkpoints: readonly string[];
  /** A folder outside of what is searched: what is unsealed on purpose goes there. */
  readonly copies: string;
  /** In two halves, since the whole of what is given is in the address of the page. */
  readonly control: readonly [string, string];
};
/** Finds the markers, and is none itself: what a person types is theirs to keep. */
const QUERY = { kind: "regex", text: "M[A]RKER-[A-Z0-9]+", matchCase: true } as const;
const MARKER = ["MARK", "ER-"].join("");
const IMAGES =
  /^(pages|core|pipes-data|tcp-stream|sk-queues|ghost-file|fifo-data|ipcns-msg|iptables)-?.*\.img$/;
const MAX_ROWS = 400;
const MAX_IMAGES = 8;

describe("a session over sealed checkpoints", () => {
  let api: TestApi;
  let seen = 0;
  let lastShown: Uri | undefined;

  before(async () => {
    const extension = extensions.getExtension<TestApi>("cryoscope.cryoscope");
    assert.ok(extension);
    api = await extension.activate();
    for (const key of given.keys) await commands.executeCommand("cryoscope.addKeyFile", Uri.file(key));
  });

  for (const path of given.checkpoints)
    describe(path.slice(path.lastIndexOf("/") + 1), () => {
      let entry: Entry;

      before(async () => {
        const source = Uri.file(path);
        const person = new Answers();
        person.give({ showQuickPick: ["Type a passphrase"], showInputBox: [given.passphrase] });
        try {
          await api.checkpoint.open(source);
        } finally {
          person.putBack();
        }
        const found = api.checkpoint.openCheckpoints.find((each) => each.source.fsPath === path);
        assert.ok(found);
        entry = found;
      });
      after(() => commands.executeCommand("workbench.action.closeAllEditors"));

      it("shows its rows, with what was sealed in them", async () => {
        const { view } = api.checkpoint;
        const rows: Row[] = [{ kind: "checkpoint", entry }];
        for (let at = 0; at < rows.length && at < MAX_ROWS; at++) {
          const row = rows[at];
          if (row === undefined) break;
          const { collapsibleState } = await view.getTreeItem(row);
          if (collapsibleState !== TreeItemCollapsibleState.None)
            rows.push(...((await view.getChildren(row)) ?? []));
        }
        assert.ok(rows.length > 20);
        await commands.executeCommand("cryoscope.checkpoint.focus");
      });

      it("shows its images in the image editor, tree and bytes", async () => {
        const checkpoint = await entry.load();
        const [layer] = checkpoint.layers;
        assert.ok(layer);
        const names = [...layer.files.keys()].filter((name) => IMAGES.test(name)).slice(0, MAX_IMAGES);
        for (const name of names) {
          const uri = await api.checkpoint.imageUri(entry.source, name);
          assert.ok(uri);
          await commands.executeCommand("vscode.openWith", uri, "cryoscope.image");
          // The view reads what it shows.
          await setTimeout(700);
          const image = await api.checkpoint.resolveImage(uri);
          await image.source.close?.();
        }
      });

      it("shows its memory, and finds the markers in it", async () => {
        const checkpoint = await entry.load();
        const [first] = checkpoint.processes;
        assert.ok(first);
        const row = { kind: "process", entry, process: first };
        await commands.executeCommand("cryoscope.openMemory", row);
        await commands.executeCommand("cryoscope.searchMemory", row, {
          text: QUERY.text,
          filter: {},
          query: QUERY,
        });
        const { matches } = api.memory.search;
        const found = matches
          .getChildren()
          .flatMap((group) => matches.getChildren(group))
          .flatMap((each) => (each.kind === "match" ? [each] : []));
        assert.ok(found.length > 0, "no marker was found in memory");
        seen += found.length;
        for (const match of found.slice(0, 4)) {
          await commands.executeCommand("cryoscope.memory.showMatch", match);
          await setTimeout(300);
        }
      });

      it("shows its files, the frozen /proc among them, in the text editor, and searches them", async () => {
        const files = await filesBelow(Uri.from({ scheme: "cryoscope", path: `/${entry.id}` }), 0);
        assert.ok(files.length > 3);
        const shown: Uri[] = [];
        for (const uri of files) {
          const bytes = await workspace.fs.readFile(uri).then(
            (read) => Buffer.from(read),
            () => undefined,
          );
          if (bytes === undefined || bytes.length > 100_000) continue;
          const isText = !bytes.includes(0) && !/\.img$/.test(uri.path);
          if (bytes.includes(MARKER)) seen++;
          if (isText && (bytes.includes(MARKER) || shown.length < 6)) shown.push(uri);
        }
        lastShown = shown[0] ?? lastShown;
        for (const uri of shown.slice(0, 15)) {
          const document = await workspace.openTextDocument(uri);
          await window.showTextDocument(document, { preview: false });
          await languages.setTextDocumentLanguage(document, "plaintext");
          await commands.executeCommand("editor.action.selectAll");
        }
        await commands.executeCommand("workbench.view.search");
      });

      it("shows its overview", async () => {
        await commands.executeCommand("cryoscope.openOverview", { kind: "checkpoint", entry });
        await setTimeout(1_500);
      });
    });

  describe("besides looking at them", () => {
    for (const path of given.checkpoints)
      it(`debugs ${path.split("/").slice(-2).join("/")} post mortem`, async () => {
        await api.checkpoint.open(Uri.file(path));
        const configuration = {
          type: "cryoscope",
          request: "launch",
          name: "Sealed",
          mode: "postmortem",
          checkpoint: path,
        };
        const started = new Promise<DebugSession>((resolve) => {
          const listening = debug.onDidStartDebugSession((session) => {
            if (session.type !== "cryoscope") return;
            listening.dispose();
            resolve(session);
          });
        });
        assert.ok(await debug.startDebugging(undefined, configuration));
        const session = await started;
        // What the protocol gives; only what is looked at has a type.
        const ask = async (request: string, args: object): Promise<unknown> =>
          session.customRequest(request, args);
        const { threads } = (await ask("threads", {})) as { threads: readonly { id: number }[] };
        const [thread] = threads;
        assert.ok(thread);
        const { stackFrames } = (await ask("stackTrace", { threadId: thread.id })) as {
          stackFrames: readonly { id: number; instructionPointerReference?: string }[];
        };
        const [frame] = stackFrames;
        assert.ok(frame);
        const { scopes } = (await ask("scopes", { frameId: frame.id })) as {
          scopes: readonly { variablesReference: number }[];
        };
        for (const { variablesReference } of scopes) await ask("variables", { variablesReference });
        const memoryReference = frame.instructionPointerReference ?? "0";
        await ask("readMemory", { memoryReference, count: 4096 });
        await commands.executeCommand("workbench.view.debug");
        await setTimeout(1_500);
        await debug.stopDebugging(session);
      });

    it("seals and unseals copies, where the person says and nowhere else", async () => {
      const person = new Answers();
      const [path = ""] = given.checkpoints;
      const sealed = Uri.file(`${given.copies}/copy.tar.age`);
      try {
        person.give({
          showQuickPick: ["passphrase"],
          showInputBox: ["of-the-copy", "of-the-copy"],
          showSaveDialog: [sealed],
        });
        assert.ok(await commands.executeCommand("cryoscope.sealCopy", Uri.file(path)));
        person.give({
          showOpenDialog: [[Uri.file(given.copies)]],
          showWarningMessage: ["Write in Clear"],
        });
        const plain = await commands.executeCommand<Uri | undefined>("cryoscope.unsealCopy", Uri.file(path));
        assert.ok(plain?.fsPath.startsWith(given.copies));
      } finally {
        person.putBack();
      }
    });
  });

  describe("altogether", () => {
    it("has seen plaintext enough", () => {
      assert.ok(seen > 10, String(seen));
    });

    it("leaves a trace where a person wants one, so that the search is seen to find it", async () => {
      const document = await workspace.openTextDocument({ content: `${given.control.join("")}\n` });
      await window.showTextDocument(document);
      // What VS Code keeps for its next start must not hold the frozen text and image that are open beside it.
      assert.ok(lastShown);
      await window.showTextDocument(await workspace.openTextDocument(lastShown), { preview: false });
      const [entry] = api.checkpoint.openCheckpoints;
      const image = entry && (await api.checkpoint.imageUri(entry.source, "pages-1.img"));
      assert.ok(image);
      await commands.executeCommand("vscode.openWith", image, "cryoscope.image");
      const edit = new WorkspaceEdit();
      edit.insert(document.uri, new Position(0, 0), "unsaved ");
      assert.ok(await workspace.applyEdit(edit));
      // Kept for the next start within a second or so.
      await setTimeout(3_000);
    });
  });
});

/** Files of a checkpoint, as the explorer of files would list them. */
async function filesBelow(folder: Uri, depth: number): Promise<readonly Uri[]> {
  const entries = await workspace.fs.readDirectory(folder).then(
    (read) => read,
    () => [],
  );
  const files: Uri[] = [];
  for (const [name, type] of entries.slice(0, 60)) {
    const uri = Uri.joinPath(folder, name);
    if (type === FileType.File) files.push(uri);
    else if (type === FileType.Directory && depth < 4 && files.length < 400)
      files.push(...(await filesBelow(uri, depth + 1)));
  }
  return files;
}
