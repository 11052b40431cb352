import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { commands, env, extensions, TabInputTextDiff, Uri, window, workspace } from "vscode";
import { findSymbol, suggestSymbols } from "../../src/corefile/index.ts";
import type { TestApi } from "../../src/vscode/extension.ts";
import { message, withMade } from "../unit/memory/made-dump.ts";
import { openSample } from "./sample.ts";
import type { OpenedCheckpoint } from "./sample.ts";

type Editor = NonNullable<TestApi["memory"]["editors"]["active"]>;

/**
 * What the thread `keeper` of media/sample/sample.c has on its heap. `grep -a -o -F` finds it once in the pages files, in
 * those of process 1: the program's constants are in its file, which isn't dumped.
 */
const SENTENCE = "Cryoscope found this sentence in the memory of a frozen process.";

describe("the Memory editor and the search of memory", () => {
  let api: TestApi;
  let sample: OpenedCheckpoint;
  let folder: string;

  before(async () => {
    ({ api, sample } = await openSample());
    folder = await mkdtemp(join(tmpdir(), "memory-"));
  });
  after(async () => {
    await commands.executeCommand("cryoscope.memory.clearMatches");
    await commands.executeCommand("workbench.action.closeAllEditors");
    await rm(folder, { recursive: true });
  });

  const extensionPath = (): string => extensions.getExtension("cryoscope.cryoscope")?.extensionPath ?? "";
  const processRow = (pid: number): unknown => ({
    kind: "process",
    entry: sample,
    process: sample.checkpoint?.process(pid),
  });
  const asked = { text: SENTENCE, filter: {} };
  const text = { kind: "text", text: SENTENCE, encoding: "utf-8", matchCase: true } as const;

  async function open(): Promise<Editor> {
    await commands.executeCommand("cryoscope.openMemory", processRow(1));
    const editor = api.memory.editors.active;
    assert.ok(editor);
    return editor;
  }

  /** Waits until the view has told that these bytes are selected. */
  async function selected(editor: Editor, address: bigint): Promise<void> {
    while (editor.selection.address !== address)
      await new Promise((resolve) => {
        const listening = editor.onDidSelect(() => {
          listening.dispose();
          resolve(undefined);
        });
      });
  }

  /** That of the first thread of a process. */
  async function stackPointer(entry: OpenedCheckpoint, pid: number): Promise<bigint> {
    const { value: threads } = await (await entry.load()).threads(pid);
    const pointer = threads.find(({ leader }) => leader)?.registers?.stackPointer;
    assert.ok(pointer);
    return pointer;
  }

  async function matches(): Promise<
    readonly { readonly address: bigint; readonly text: string; readonly pid: number }[]
  > {
    const { matches: view } = api.memory.search;
    const groups = view.getChildren();
    return groups
      .flatMap((group) => view.getChildren(group))
      .flatMap((row) => (row.kind === "match" ? [row] : []));
  }

  it("lists the mappings of a process, with stacks of threads and the heap marked", async () => {
    const { areas, pageSize } = await (await open()).map();
    const mappings = await sample.checkpoint?.memoryMap(1);
    assert.equal(pageSize, 4096);
    assert.equal(areas.length, mappings?.value.length);
    const stack = areas.find(({ kind }) => kind === "stack");
    assert.ok(stack?.marks.some((mark) => mark.startsWith("stack of thread")));
    // sample.c has three threads; each stands on a stack of its own.
    assert.equal(
      areas.flatMap(({ marks }) => marks).filter((mark) => mark.startsWith("stack of thread")).length,
      3,
    );
    for (const { start, end, bytes } of areas) {
      const sum = Object.values(bytes).reduce((all, some) => all + some, 0);
      assert.equal(BigInt(sum), BigInt(`0x${end}`) - BigInt(`0x${start}`));
    }
  });

  it("finds a sentence in memory and goes to it", async () => {
    assert.equal(
      await commands.executeCommand("cryoscope.searchMemory", processRow(1), { ...asked, query: text }),
      (await matches()).length,
    );
    const found = await matches();
    assert.equal(found.length, 1);
    assert.ok(found.every(({ pid, text: line }) => pid === 1 && line.includes(SENTENCE)));
    for (const match of found) {
      await commands.executeCommand("cryoscope.memory.showMatch", match);
      const editor = api.memory.editors.active;
      assert.ok(editor);
      await selected(editor, match.address);
      assert.equal(editor.selection.length, SENTENCE.length);
      const { bytes } = await editor.bytes({ start: match.address.toString(16), length: SENTENCE.length });
      assert.equal(Buffer.from(bytes).toString(), SENTENCE);
    }
  });

  it("searches all processes of a checkpoint", async () => {
    const row = { kind: "checkpoint", entry: sample };
    const query = { ...text, text: "HOSTNAME=" };
    assert.equal(await commands.executeCommand("cryoscope.searchMemory", row, { ...asked, query }), 3);
    // `grep -a -o -F HOSTNAME=` finds one in each of the pages files of sample, reader and sleeper: their environment.
    assert.equal(new Set((await matches()).map(({ pid }) => pid)).size, 3);
  });

  it("searches for hex with wildcards, regular expressions, UTF-16 and integers, where it is told to", async () => {
    const row = processRow(1);
    const count = async (query: object, filter: object = {}): Promise<unknown> =>
      commands.executeCommand("cryoscope.searchMemory", row, { text: "", query, filter });
    // "Cryo", any byte, "cope": a part of the sentence.
    assert.equal(await count({ kind: "hex", text: "43 72 79 6f 7? 63 6f 70 65 20 66" }), 1);
    assert.equal(await count({ kind: "regex", text: "Cryo[a-z]+ found this", matchCase: true }), 1);
    assert.equal(await count({ ...text, encoding: "utf-16le" }), 0);
    const [word] = new Uint32Array(new TextEncoder().encode("Cryo").buffer);
    const integer = { kind: "integer", value: BigInt(word ?? 0), width: 4, endian: "little", aligned: true };
    assert.equal(await count(integer, { kinds: new Set(["stack"]) }), 0);
    assert.equal(await count(integer, { protection: "rw" }), 1);
  });

  it("tells why bytes can't be had", async () => {
    const editor = await open();
    const { areas } = await editor.map();
    const missing = areas.find(({ bytes }) => bytes.unavailable !== undefined);
    assert.ok(missing);
    const space = await editor.space();
    const [run] = [...space.runs(BigInt(`0x${missing.start}`), BigInt(`0x${missing.end}`))].filter(
      ({ origin }) => origin.kind === "unavailable",
    );
    assert.ok(run);
    const start = (BigInt(run.first) * 4096n).toString(16);
    const { pieces } = await editor.bytes({ start, length: 16 });
    assert.match(pieces[0]?.origin.words ?? "", /^not available: ./);
  });

  it("follows a pointer and goes back", async () => {
    const editor = await open();
    const checkpoint = await sample.load();
    const space = await editor.space();
    const [leader] = (await checkpoint.threads(1)).value;
    assert.ok(leader?.registers);
    const { stackPointer } = leader.registers;
    // A word on the stack that points into memory, as the saved frames of its callers do.
    const stack = Buffer.from(await space.readBytes(stackPointer, 4096));
    const at = Array.from({ length: 512 }, (_, word) => word * 8).find((offset) => {
      const word = stack.readBigUInt64LE(offset);
      return word !== stackPointer + BigInt(offset) && space.areaAt(word) !== undefined;
    });
    assert.ok(at !== undefined);
    const from = stackPointer + BigInt(at);
    editor.go({ address: from, length: 1 });
    await selected(editor, from);
    editor.act("follow");
    await selected(editor, stack.readBigUInt64LE(at));
    editor.act("back");
    await selected(editor, from);
  });

  it("saves the selection, all dumped memory, and a module as an ELF file", async () => {
    const editor = await open();
    await commands.executeCommand("cryoscope.searchMemory", processRow(1), { ...asked, query: text });
    const [match] = await matches();
    await commands.executeCommand("cryoscope.memory.showMatch", match);
    assert.ok(match);
    await selected(editor, match.address);
    const piece = Uri.file(join(folder, "piece.bin"));
    await commands.executeCommand("cryoscope.memory.saveSelection", piece);
    assert.equal(await readFile(piece.fsPath, "utf8"), SENTENCE);

    const all = Uri.file(join(folder, "all.bin"));
    await commands.executeCommand("cryoscope.memory.saveProcess", processRow(1), all);
    const saved = await readFile(all.fsPath);
    assert.ok(saved.includes(SENTENCE));
    const { parts } = JSON.parse(await readFile(`${all.fsPath}.json`, "utf8")) as {
      readonly parts: readonly { readonly length: number }[];
    };
    assert.equal(
      saved.length,
      parts.reduce((sum, { length }) => sum + length, 0),
    );

    const space = await editor.space();
    const vdso = space.areas.find(({ kind }) => kind === "vdso");
    assert.ok(vdso);
    editor.go({ address: vdso.start, length: 1 });
    await selected(editor, vdso.start);
    const carved = Uri.file(join(folder, "vdso.elf"));
    await commands.executeCommand("cryoscope.memory.saveModule", carved);
    const elf = await readFile(carved.fsPath);
    assert.equal(elf.toString("latin1", 1, 4), "ELF");
    // e_shoff and e_shnum: no sections; the kernel's vDSO has one segment, from its first byte on.
    assert.equal(elf.readBigUInt64LE(40), 0n);
    assert.equal(elf.readUInt16LE(60), 0);
    assert.ok(elf.includes("linux-vdso.so.1"));
  });

  it("scans with YARA rules, and lists what they match with the rule's name", async () => {
    const rules = Uri.file(join(folder, "sentence.yar"));
    await writeFile(
      rules.fsPath,
      `rule Sentence { strings: $a = "${SENTENCE}" fullword $b = { 00 7f 45 4c 46 ff } condition: any of them }`,
    );
    const count = await commands.executeCommand("cryoscope.scanYara", processRow(1), [rules]);
    assert.equal(count, 1);
    const [match] = await matches();
    assert.equal(match?.text.includes(SENTENCE), true);
    const { matches: view } = api.memory.search;
    const [group] = view.getChildren();
    const [row] = view.getChildren(group);
    assert.match(String(row && view.getTreeItem(row).description), /^Sentence \$a · 7f/);
  });

  it("lists the lines that were typed into a shell, with their times", async () => {
    const archive = join(extensionPath(), "test/fixtures/memory/history.tar.gz");
    await promisify(execFile)("tar", ["-xzf", archive, "-C", folder]);
    const source = Uri.file(join(folder, "history/times/img"));
    await api.checkpoint.open(source);
    const entry = api.checkpoint.openCheckpoints.find((each) => each.source.fsPath === source.fsPath);
    assert.ok(entry);
    try {
      await commands.executeCommand("cryoscope.showHistory", { entry });
      const said = await readFile(join(folder, "history/times/said.txt"), "utf8");
      const lines = said
        .trimEnd()
        .split("\n")
        .map((line) => line.replace(/^ *\d+ {2}\d+ /, ""));
      assert.deepEqual(
        (await matches()).slice(0, lines.length).map(({ text: line }) => line),
        lines,
      );
    } finally {
      await commands.executeCommand("cryoscope.closeCheckpoint", { kind: "checkpoint", entry });
    }
  });

  it("begins at the stack pointer of the first thread, where nothing else is asked for", async () => {
    await commands.executeCommand("workbench.action.closeAllEditors");
    const editor = await open();
    const pointer = await stackPointer(sample, 1);
    await selected(editor, pointer);
    const { home, areas } = await editor.map();
    assert.equal(home, pointer.toString(16));
    // The first mapping was left to its file: nothing of it can be had.
    assert.notEqual(areas[0]?.bytes.unavailable, undefined);
  });

  it("goes to the stack pointer when a stack is chosen", async () => {
    const editor = await open();
    const { areas } = await editor.map();
    const { value: threads } = await (await sample.load()).threads(1);
    const stack = areas.find(({ kind }) => kind === "stack");
    const leader = threads.find(({ tid }) => tid === 1)?.registers?.stackPointer;
    assert.equal(stack?.goTo, leader?.toString(16));
    const pointers = new Set(threads.map(({ registers }) => registers?.stackPointer.toString(16)));
    assert.equal(areas.filter(({ goTo }) => pointers.has(goTo)).length, 3);
    const others = areas.filter(({ marks }) => !marks.some((mark) => mark.startsWith("stack of thread")));
    assert.ok(others.length > 5 && others.every(({ start, goTo }) => start === goTo));
    // The row of the mapping in the Checkpoint view, too.
    const mapping = { start: BigInt(`0x${stack?.start ?? ""}`), end: BigInt(`0x${stack?.end ?? ""}`) };
    await commands.executeCommand("cryoscope.openMemory", { ...(processRow(1) as object), mapping });
    await selected(editor, leader ?? 0n);
  });

  it("finds secrets, and hides what they are until asked", async () => {
    const password = ["correct", "horse", "battery"].join("-");
    const page = Buffer.alloc(4096);
    page.write(`\0DB_PASSWORD=${password}\0`, 100);
    const dump = {
      vmas: [{ start: 0x10000n, end: 0x11000n }],
      pagemap: [message([1, 0x10000n], [2, 0], [4, 4], [5, 1])],
      pages: page,
    };
    await withMade(dump, async (made) => {
      const source = Uri.file(made);
      await api.checkpoint.open(source);
      const entry = api.checkpoint.openCheckpoints.find((each) => each.source.fsPath === source.fsPath);
      assert.ok(entry);
      try {
        assert.equal(await commands.executeCommand("cryoscope.findSecrets", { entry }, {}), 1);
        const { matches: view } = api.memory.search;
        const [group] = view.getChildren();
        const [row] = view.getChildren(group);
        assert.ok(row?.kind === "match");
        const shown = (): string =>
          JSON.stringify([view.getTreeItem(row).label, view.getTreeItem(row).tooltip]);
        assert.ok(!shown().includes(password), shown());
        assert.match(shown(), /DB_PASSWORD=… \(21 characters\).*secret in the environment \(medium\)/);
        const copied = async (command: string): Promise<string> => {
          await commands.executeCommand(`cryoscope.memory.${command}`, row);
          return env.clipboard.readText();
        };
        assert.equal(await copied("copyMatch"), "DB_PASSWORD=… (21 characters)");
        assert.equal(await copied("copyMatchAddress"), `0x${(0x10000 + 101).toString(16)}`);
        await commands.executeCommand("cryoscope.memory.revealSecret", row);
        assert.ok(shown().includes(password));
        assert.ok((await copied("copyMatch")).includes(password));
        assert.equal(view.getTreeItem(row).contextValue, "memorySecret.shown");
        await commands.executeCommand("cryoscope.memory.hideSecret", row);
        assert.ok(!shown().includes(password));
      } finally {
        await commands.executeCommand("cryoscope.closeCheckpoint", { kind: "checkpoint", entry });
      }
    });
  });

  it("lists strings as strings(1) does", async () => {
    const asked = { min: 60, encoding: "ascii", filter: { kinds: new Set(["stack"]) } };
    assert.equal(await commands.executeCommand("cryoscope.listStrings", processRow(1), asked), 1);
    assert.match((await matches())[0]?.text ?? "", /^PATH=\/usr\/local\/sbin:/);
  });

  it("opens a minidump as the memory of its process, at the stack pointer of the thread that crashed", async () => {
    const archive = join(extensionPath(), "test/fixtures/memory/minidump.tar.gz");
    await promisify(execFile)("tar", ["-xzf", archive, "-C", folder]);
    const source = Uri.file(join(folder, "minidump/stack.dmp"));
    await api.checkpoint.open(source);
    const entry = api.checkpoint.openCheckpoints.find((each) => each.source.fsPath === source.fsPath);
    assert.ok(entry?.checkpoint);
    try {
      const [process] = entry.checkpoint.processes;
      assert.equal(process?.comm, "threads");
      await commands.executeCommand("cryoscope.openMemory", { entry, process });
      const editor = api.memory.editors.active;
      assert.ok(editor);
      // What lldb read from the process: `register read` of the first thread.
      const said = await readFile(join(folder, "minidump/lives.txt"), "utf8");
      await selected(editor, BigInt(/rsp = (0x[0-9a-f]+)/.exec(said)?.[1] ?? "0"));
    } finally {
      await commands.executeCommand("cryoscope.closeCheckpoint", { kind: "checkpoint", entry });
    }
  });

  it("opens an ELF core as the memory of its process", async () => {
    const archive = join(extensionPath(), "test/fixtures/unwind/calls.tar.gz");
    await promisify(execFile)("tar", ["-xzf", archive, "-C", folder]);
    const source = Uri.file(join(folder, "calls/core"));
    await api.checkpoint.open(source);
    const entry = api.checkpoint.openCheckpoints.find((each) => each.source.fsPath === source.fsPath);
    assert.ok(entry?.checkpoint);
    try {
      // What gdb says of it: fixtures/unwind/calls/gdb.txt.
      const [process] = entry.checkpoint.processes;
      assert.equal(`${process?.pid} ${process?.comm}`, "8914 calls");
      await commands.executeCommand("cryoscope.openMemory", { entry, process });
      const editor = api.memory.editors.active;
      assert.equal(editor?.pid, 8914);
      const { areas } = await editor.map();
      assert.equal(areas.find(({ kind }) => kind === "stack")?.goTo, "7fffffffea80");
      const { pieces } = await editor.bytes({ start: "7fffffffea80", length: 16 });
      assert.equal(pieces[0]?.origin.kind, "dumped");
    } finally {
      await commands.executeCommand("cryoscope.closeCheckpoint", { kind: "checkpoint", entry });
    }
  });

  it("measures how random mappings are", async () => {
    const editor = await open();
    const { areas } = await editor.map();
    const entropies = await editor.entropy(areas.slice(0, 256).map(({ start }) => start));
    const known = entropies.filter((entropy) => entropy !== null);
    assert.ok(known.length > 0 && known.every((entropy) => entropy > 0 && entropy < 8));
  });

  describe("with a sysroot", () => {
    let editor: Editor;
    let program: Buffer;

    before(async () => {
      // A static program that was frozen by criu, and the root it ran in.
      const archive = join(extensionPath(), "test/fixtures/memory/elfcore.tar.gz");
      await promisify(execFile)("tar", ["-xzf", archive, "-C", folder]);
      const source = Uri.file(join(folder, "elfcore/img"));
      await api.checkpoint.open(source);
      const entry = api.checkpoint.openCheckpoints.find((each) => each.source.fsPath === source.fsPath);
      assert.ok(entry);
      await commands.executeCommand("cryoscope.openMemory", { entry, process: { pid: 1 } });
      const opened = api.memory.editors.active;
      assert.ok(opened);
      editor = opened;
      program = await readFile(join(folder, "elfcore/root/threads"));
      await selected(editor, await stackPointer(entry, 1));
    });
    after(async () => {
      const { entry } = editor;
      await commands.executeCommand("cryoscope.closeCheckpoint", { kind: "checkpoint", entry });
    });

    it("shows the bytes of the program's file, which were not dumped", async () => {
      // criu dumped the first page of the code, and left the others to the file.
      const range = { start: "402000", length: 4096 };
      const before = await editor.bytes(range);
      assert.ok(before.pieces.some(({ origin }) => origin.kind === "unavailable"));
      const codeAt = async (start: string): Promise<string | undefined> =>
        (await editor.map()).areas.find((area) => area.start === start)?.code;
      assert.equal(await codeAt("401000"), "copied");
      await commands.executeCommand("cryoscope.memory.chooseSysroot", Uri.file(join(folder, "elfcore/root")));
      // Nobody wrote to the page that was dumped.
      assert.equal(await codeAt("401000"), "own");
      const { bytes } = await editor.bytes(range);
      assert.deepEqual(Buffer.from(bytes), program.subarray(0x2000, 0x3000));
    });

    it("knows its symbols, as gdb does", async () => {
      const modules = await editor.modules();
      // gdb root/threads core.1: info address main
      assert.equal((await findSymbol(modules, "threads!main+0x10"))?.address, 0x401856n);
      const offered = await suggestSymbols(modules, "mai", 50);
      assert.ok(offered.some(({ name, address }) => name === "main" && address === 0x401846n));
    });

    it("carves the program out of memory: its code is the file's", async () => {
      editor.go({ address: 0x400000n, length: 1 });
      await selected(editor, 0x400000n);
      const carved = Uri.file(join(folder, "threads.elf"));
      await commands.executeCommand("cryoscope.memory.saveModule", carved);
      const elf = await readFile(carved.fsPath);
      // All of the header but the table of sections, which isn't loaded.
      assert.deepEqual(elf.subarray(0, 40), program.subarray(0, 40));
      assert.equal(elf.readBigUInt64LE(40), 0n);
      assert.deepEqual(elf.subarray(0x1000, 0x3000), program.subarray(0x1000, 0x3000));
    });

    it("shows memory and file side by side", async () => {
      editor.go({ address: 0x401000n, length: 1 });
      await selected(editor, 0x401000n);
      await commands.executeCommand("cryoscope.memory.compareCode");
      const input = window.tabGroups.activeTabGroup.activeTab?.input;
      assert.ok(input instanceof TabInputTextDiff);
      const [file, memory] = await Promise.all(
        [input.original, input.modified].map(async (uri) =>
          (await workspace.openTextDocument(uri)).getText(),
        ),
      );
      const first = program
        .subarray(0x1000, 0x1010)
        .toString("hex")
        .replaceAll(/..(?!$)/g, "$& ");
      assert.ok(file?.startsWith(`401000  ${first}`), file?.slice(0, 80));
      assert.equal(memory, file);
    });

    it("marks code that differs from the file", async () => {
      const other = join(folder, "other");
      const changed = Buffer.from(program);
      // A byte of the page that was dumped. Size and build id are the same, so it is the same file.
      changed.writeUInt8(changed.readUInt8(0x1010) ^ 0xff, 0x1010);
      await mkdir(other);
      await writeFile(join(other, "threads"), changed);
      await commands.executeCommand("workbench.action.closeActiveEditor");
      await commands.executeCommand("cryoscope.memory.chooseSysroot", Uri.file(other));
      const { areas } = await editor.map();
      assert.deepEqual(
        areas.filter(({ code }) => code !== "own").map(({ start, code }) => [start, code]),
        [["401000", "modified"]],
      );
    });
  });

  it("doesn't write into the checkpoint", async () => {
    const into = Uri.joinPath(sample.source, "piece.bin");
    const before = await readFile(sample.source.fsPath).catch(() => undefined);
    await commands.executeCommand("cryoscope.memory.saveSelection", before ? sample.source : into);
    if (before) assert.deepEqual(await readFile(sample.source.fsPath), before);
    else await assert.rejects(readFile(into.fsPath));
  });
});
