import * as vscode from "vscode";
import type { FileTree } from "../../archive/index.ts";
import type { Checkpoint } from "../../checkpoint/index.ts";
import { loadedModules } from "../../corefile/index.ts";
import type { LoadedModules } from "../../corefile/index.ts";
import { openMemory, sampledEntropy } from "../../memory/index.ts";
import type { AddressSpace, CheckpointMemory } from "../../memory/index.ts";
import type { MemoryAct, MemoryBytes, MemoryMap, MemoryRange, MemoryRpc } from "../../protocol/index.ts";
import type { OpenCheckpoint } from "../checkpoint/index.ts";
import { showError } from "../messages.ts";
import { viewPage } from "../page.ts";
import { serveView } from "../rpc.ts";
import type { ViewPort } from "../rpc.ts";
import { fromHex, hex } from "./address.ts";
import { bytesOf } from "./bytes.ts";
import { memoryMapOf } from "./map.ts";

/** The viewType of the editors, which menus and key bindings ask for. */
const MEMORY_VIEW = "cryoscope.memory";

/** Bytes of an address space. */
export interface Selection {
  readonly address: bigint;
  readonly length: number;
}

/** Areas of which the entropy is asked for at once. */
const MAX_AREAS = 256;

type Opened = readonly [checkpoint: Checkpoint, memory: CheckpointMemory, space: AddressSpace];

/** A *Memory* editor: the address space of one process in a webview. Has files open until it is closed. */
export class MemoryEditor implements vscode.Disposable {
  readonly entry: OpenCheckpoint;
  readonly pid: number;
  readonly #sysroot: () => FileTree | undefined;
  readonly #panel: vscode.WebviewPanel;
  readonly #port: ViewPort<MemoryRpc>;
  readonly #reading = new AbortController();
  readonly #selected = new vscode.EventEmitter<Selection>();
  /** The person, or a command, selected other bytes. */
  readonly onDidSelect = this.#selected.event;
  readonly onDidClose: vscode.Event<void>;
  #opened: Promise<Opened> | undefined;
  #selection: Selection = { address: 0n, length: 0 };
  /** Where to go: until the view says that it is there, since it may be taken down before. */
  #go: MemoryRange | undefined;
  #isUp = false;
  #modules: LoadedModules | undefined;

  constructor(
    entry: OpenCheckpoint,
    pid: number,
    root: vscode.Uri,
    sysroot: () => FileTree | undefined,
    go: Selection | undefined,
  ) {
    this.entry = entry;
    this.#sysroot = sysroot;
    const comm = entry.checkpoint?.process(pid)?.comm ?? "";
    this.pid = pid;
    this.#go = go && rangeOf(go);
    this.#panel = vscode.window.createWebviewPanel(
      MEMORY_VIEW,
      `Memory: ${pid} ${comm}`,
      vscode.ViewColumn.Active,
      { enableScripts: true, localResourceRoots: [root] },
    );
    this.onDidClose = this.#panel.onDidDispose;
    this.#port = serveView<MemoryRpc>(
      this.#panel.webview,
      {
        map: ({ again = false }) => this.#mapForView(again),
        bytes: (range) => this.bytes(range),
        entropy: ({ starts }) => this.entropy(starts),
      },
      {
        selected: ({ start, length }) => {
          const address = fromHex(start);
          if (address === undefined) return;
          this.#selection = { address, length };
          this.#go = undefined;
          this.#selected.fire(this.#selection);
        },
        copy: (text) => void vscode.env.clipboard.writeText(text),
        run: (name) => void vscode.commands.executeCommand(`cryoscope.memory.${name}`),
      },
    );
    this.#panel.onDidDispose(() => {
      this.#close();
    });
    this.#panel.onDidChangeViewState(() => {
      // A webview that is out of sight is taken down, and asks for its map again when it comes back.
      if (!this.#panel.visible) this.#isUp = false;
    });
    this.#panel.webview.html = viewPage(this.#panel.webview, root, "memory", "Cryoscope: Memory");
  }

  get active(): boolean {
    return this.#panel.active;
  }

  /** The bytes that the view shows as selected. */
  get selection(): Selection {
    return this.#selection;
  }

  /** The address space. Throws `memory.noProcess`, `memory.none` and what opening the checkpoint throws. */
  async space(): Promise<AddressSpace> {
    return (await this.#open())[2];
  }

  async memory(): Promise<CheckpointMemory> {
    return (await this.#open())[1];
  }

  /** Its programs and libraries, for their symbols. */
  async modules(): Promise<LoadedModules> {
    const [, memory, space] = await this.#open();
    this.#modules ??= loadedModules(memory, space, this.#sysroot());
    return this.#modules;
  }

  /** The mappings, as the view shows them. */
  async map(): Promise<MemoryMap> {
    const [checkpoint, memory, space] = await this.#open();
    return memoryMapOf({ checkpoint, memory, space }, this.#go, this.#reading.signal);
  }

  async bytes(range: MemoryRange): Promise<MemoryBytes> {
    return bytesOf(await this.space(), range);
  }

  /** How random the areas are that begin at these addresses. */
  async entropy(starts: readonly string[]): Promise<readonly (number | null)[]> {
    const space = await this.space();
    const found: (number | null)[] = [];
    for (const start of starts.slice(0, MAX_AREAS)) {
      this.#reading.signal.throwIfAborted();
      const area = space.areaAt(fromHex(start) ?? 0n);
      found.push((area && (await sampledEntropy(space, area))) ?? null);
    }
    return found;
  }

  /** Shows and selects bytes. */
  go(selection: Selection): void {
    this.#go = rangeOf(selection);
    if (this.#isUp) this.#port.tell("go", this.#go);
    this.#panel.reveal();
  }

  act(act: MemoryAct): void {
    this.#port.tell("act", act);
  }

  /** Opens the memory again, with other files behind it; or says that it is locked. */
  reload(): void {
    void this.#closeMemory();
    this.#port.tell("reload", null);
  }

  reveal(): void {
    this.#panel.reveal();
  }

  dispose(): void {
    this.#panel.dispose();
  }

  async #mapForView(again: boolean): Promise<MemoryMap> {
    if (again) await this.entry.unlock();
    const map = await this.map();
    this.#isUp = true;
    return { ...map, go: this.#go };
  }

  #open(): Promise<Opened> {
    this.#opened ??= this.#openNow().catch((error: unknown) => {
      this.#opened = undefined;
      throw error;
    });
    return this.#opened;
  }

  async #openNow(): Promise<Opened> {
    const checkpoint = await this.entry.load();
    const memory = openMemory(checkpoint, { sysroot: this.#sysroot() });
    try {
      return [checkpoint, memory, await memory.space(this.pid)];
    } catch (error) {
      await memory.close();
      throw error;
    }
  }

  async #closeMemory(): Promise<void> {
    const opened = this.#opened;
    const modules = this.#modules;
    this.#opened = undefined;
    this.#modules = undefined;
    try {
      await modules?.close();
      await (await opened)?.[1].close();
    } catch (error) {
      await showError(error);
    }
  }

  #close(): void {
    this.#reading.abort();
    this.#port.dispose();
    this.#selected.dispose();
    void this.#closeMemory();
  }
}

const rangeOf = ({ address, length }: Selection): MemoryRange => ({ start: hex(address), length });
