import * as vscode from "vscode";
import { suggestSymbols } from "../../corefile/index.ts";
import { shown, parsePlace } from "./address.ts";
import type { MemoryEditor } from "./memory-editor.ts";

interface PlaceItem extends vscode.QuickPickItem {
  readonly address: bigint;
}

/** Symbols that are offered at once. */
const MAX_SYMBOLS = 50;
/** Typing goes on; looking through symbol tables waits so many milliseconds for it. */
const PAUSE = 150;

/** Asks for an address, an offset from the cursor, a symbol, a register or a mapping, and goes there. */
export async function goTo(editor: MemoryEditor): Promise<void> {
  const places = await placesOf(editor);
  const address = await pickPlace(places, editor.selection.address, (text) => symbolsLike(editor, text));
  if (address !== undefined) editor.go({ address, length: 1 });
}

/** Registers that point into memory, then the mappings. */
export async function placesOf(editor: MemoryEditor): Promise<readonly PlaceItem[]> {
  const checkpoint = await editor.entry.load();
  const space = await editor.space();
  const items: PlaceItem[] = [];
  for (const { tid, comm, registers } of (await checkpoint.threads(editor.pid)).value) {
    if (registers === undefined) continue;
    const { programCounter, stackPointer, general, tls } = registers;
    const named = {
      "program counter": programCounter,
      "stack pointer": stackPointer,
      ...(tls !== undefined && { "thread-local storage": tls }),
      ...general,
    };
    for (const [name, address] of Object.entries(named)) {
      const area = space.areaAt(address);
      if (area === undefined) continue;
      items.push({
        label: `${name} ${shown(address)}`,
        description: `thread ${tid} ${comm} · ${area.name ?? area.kind}`,
        address,
      });
    }
  }
  for (const { start, permissions, name, kind } of space.areas)
    items.push({ label: `${name ?? kind} ${shown(start)}`, description: permissions, address: start });
  return items;
}

/** Functions and variables whose names are like what was typed: `main`, `libc.so.6!mall`, `symbol+0x10`. */
async function symbolsLike(editor: MemoryEditor, text: string): Promise<readonly PlaceItem[]> {
  const symbols = await suggestSymbols(await editor.modules(), text, MAX_SYMBOLS);
  return symbols.map(({ name, module, address }) => ({
    label: `$(symbol-method) ${name}`,
    description: `${shown(address)} · ${module}`,
    address,
    alwaysShow: true,
  }));
}

/** What is typed counts first when it is an address. */
function pickPlace(
  places: readonly PlaceItem[],
  here: bigint,
  symbolsFor: (text: string) => Promise<readonly PlaceItem[]>,
): Promise<bigint | undefined> {
  const pick = vscode.window.createQuickPick<PlaceItem>();
  pick.title = "Go to Address";
  pick.placeholder =
    "Address (7f00…, 0x7f00…), offset from the cursor (+0x10, -16), symbol (main, libc.so.6!malloc+0x10), register or mapping";
  pick.matchOnDescription = true;
  pick.items = places;
  let timer: NodeJS.Timeout | undefined;
  const offer = (text: string, symbols: readonly PlaceItem[]): void => {
    const address = parsePlace(text, here);
    const typed =
      address === undefined ? [] : [{ label: `Go to ${shown(address)}`, alwaysShow: true, address }];
    pick.items = [...typed, ...symbols, ...places];
  };
  const look = async (text: string): Promise<void> => {
    pick.busy = true;
    // A program whose symbols can't be read has none.
    const symbols = await symbolsFor(text).catch(() => []);
    if (pick.value !== text) return;
    pick.busy = false;
    if (symbols.length > 0) offer(text, symbols);
  };
  pick.onDidChangeValue((text) => {
    offer(text, []);
    clearTimeout(timer);
    if (text.trim() !== "") timer = setTimeout(() => void look(text), PAUSE);
  });
  return new Promise((resolve) => {
    pick.onDidAccept(() => {
      // Enter may come before the list knows of what was typed.
      resolve(pick.activeItems[0]?.address ?? parsePlace(pick.value, here));
      pick.hide();
    });
    pick.onDidHide(() => {
      clearTimeout(timer);
      resolve(undefined);
      pick.dispose();
    });
    pick.show();
  });
}
