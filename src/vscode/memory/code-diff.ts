import { basename } from "node:path";
import * as vscode from "vscode";
import { closeTexts } from "../close-texts.ts";
import { hex } from "./address.ts";
import { memoryViewErrors } from "./errors.ts";
import type { MemoryEditor } from "./memory-editor.ts";

const SCHEME = "cryoscope-memory";
/** As much as is compared at once: what a person can look through. */
const MAX_COMPARED = 256 * 1024;
const COLUMNS = 16;

/** Shows memory beside the bytes of the file that it was mapped from, as two texts in hex. */
export class CodeDiffs implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #texts = new Map<string, string>();
  readonly #parts: vscode.Disposable;

  constructor() {
    this.#parts = vscode.Disposable.from(
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, this),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        this.#texts.delete(uri.toString());
      }),
    );
  }

  provideTextDocumentContent(uri: vscode.Uri): string | undefined {
    return this.#texts.get(uri.toString());
  }

  /** Closes what is shown of a checkpoint. */
  close(id: string): void {
    for (const uri of this.#texts.keys())
      if (vscode.Uri.parse(uri).path.startsWith(`/${id}/`)) this.#texts.delete(uri);
    void closeTexts(SCHEME, id);
  }

  dispose(): void {
    this.#parts.dispose();
    this.#texts.clear();
  }

  /** Compares the pages around the cursor that come from one place. Throws `memoryView.notCode`, `memoryView.noFile`. */
  async show(editor: MemoryEditor): Promise<void> {
    const { start, inFile, inMemory, path } = await compared(editor);
    const name = basename(path);
    const key = `${editor.entry.id}/${editor.pid}/${hex(start)}`;
    const make = (side: string, bytes: Uint8Array): vscode.Uri => {
      const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${key}/${name} ${side}.hex` });
      this.#texts.set(uri.toString(), hexText(start, bytes));
      return uri;
    };
    await vscode.commands.executeCommand(
      "vscode.diff",
      make("file", inFile),
      make("memory", inMemory),
      `${name}: file ↔ memory at ${hex(start)}`,
    );
  }
}

interface Compared {
  readonly start: bigint;
  readonly path: string;
  readonly inFile: Uint8Array;
  readonly inMemory: Uint8Array;
}

/** The bytes around the cursor in memory and in the file. */
async function compared(editor: MemoryEditor): Promise<Compared> {
  const space = await editor.space();
  const memory = await editor.memory();
  const { address } = editor.selection;
  const area = space.areaAt(address);
  if (area?.fileId === undefined || area.kind !== "file") throw memoryViewErrors.notCode();
  const page = BigInt(space.pageSize);
  const [here] = space.runs(address, address + 1n);
  // The whole run of dumped pages; around other pages, which are the file's own, the page.
  const around = [...space.runs(area.start, area.end)].find(
    ({ first, last }) => here !== undefined && first <= here.first && last >= here.last,
  );
  const first = BigInt(around?.first ?? 0) * page;
  const end = BigInt(around?.last ?? 0) * page;
  const far = address - BigInt(MAX_COMPARED / 2);
  const begin = first > far ? first : (far / page) * page;
  const length = Math.min(Number(end - begin), MAX_COMPARED);
  const found = await memory.files.find(area.fileId);
  if (typeof found === "string") throw memoryViewErrors.noFile(area.name ?? area.kind);
  const inMemory = await space.readBytes(begin, length);
  const inFile = new Uint8Array(inMemory.length);
  inFile.set(await found.source.read(Number(begin - area.start + area.offset), inMemory.length));
  return { start: begin, path: found.path, inFile, inMemory };
}

/** A hex dump as hexdump -C has it; equal bytes give equal lines. */
export function hexText(start: bigint, bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += COLUMNS) {
    const part = bytes.subarray(at, at + COLUMNS);
    const digits = Array.from(part, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const text = Array.from(part, (byte) =>
      byte >= 32 && byte < 127 ? String.fromCharCode(byte) : ".",
    ).join("");
    lines.push(`${(start + BigInt(at)).toString(16)}  ${digits.padEnd(COLUMNS * 3)} |${text}|`);
  }
  return lines.join("\n");
}
