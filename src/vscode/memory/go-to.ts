import * as vscode from "vscode";
import { shown, parsePlace } from "./address.ts";
import type { MemoryEditor } from "./memory-editor.ts";

interface PlaceItem extends vscode.QuickPickItem {
  readonly address: bigint;
}

/** Asks for an address, an offset from the cursor, a register or a mapping, and goes there. */
export async function goTo(editor: MemoryEditor): Promise<void> {
  const places = await placesOf(editor);
  const address = await pickPlace(places, editor.selection.address);
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

/** What is typed counts first when it is an address. */
function pickPlace(places: readonly PlaceItem[], here: bigint): Promise<bigint | undefined> {
  const pick = vscode.window.createQuickPick<PlaceItem>();
  pick.title = "Go to Address";
  pick.placeholder = "Address (7f00…, 0x7f00…), offset from the cursor (+0x10, -16), register or mapping";
  pick.matchOnDescription = true;
  pick.items = places;
  pick.onDidChangeValue((text) => {
    const address = parsePlace(text, here);
    pick.items =
      address === undefined
        ? places
        : [{ label: `Go to ${shown(address)}`, alwaysShow: true, address }, ...places];
  });
  return new Promise((resolve) => {
    pick.onDidAccept(() => {
      resolve(pick.activeItems[0]?.address);
      pick.hide();
    });
    pick.onDidHide(() => {
      resolve(undefined);
      pick.dispose();
    });
    pick.show();
  });
}
