// The Memory editor: the address space of one process, its mappings, and where its bytes come from.
import type { MemoryRpc } from "../../src/protocol/index.ts";
import { focusWhenIn } from "../ui/focus.ts";
import { connectPage, showWhenRead } from "../ui/host.ts";
import "./memory.css";
import { MemoryPage } from "./page.ts";
import type { MemoryState } from "./page.ts";

let page: MemoryPage | undefined;

const { host, vscode } = connectPage<MemoryRpc>({
  go: (range) => page?.go(range),
  act: (act) => page?.act(act),
  reload: () => void load(),
});

const load = (): Promise<void> =>
  showWhenRead("Reading the memory map…", async (again) => {
    const map = await host.ask("map", { again });
    // Only this view writes it.
    const state = (vscode.getState() as MemoryState | undefined) ?? {};
    const made = new MemoryPage(map, host, state, (kept) => {
      vscode.setState(kept);
    });
    page = made;
    document.title = `Memory: ${map.process}`;
    document.body.replaceChildren(made.root);
    focusWhenIn(() => {
      made.focus();
    });
  });

void load();
