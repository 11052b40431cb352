// The Memory editor: the address space of one process, its mappings, and where its bytes come from.
import type { MemoryRpc } from "../../src/protocol/index.ts";
import { element } from "../ui/dom.ts";
import { connectHost, HostError } from "../ui/rpc.ts";
import { button, progress } from "../ui/components.ts";
import { vscodeApi } from "../ui/vscode.ts";
import "./memory.css";
import { MemoryPage } from "./page.ts";
import type { MemoryState } from "./page.ts";

const vscode = vscodeApi();
let page: MemoryPage | undefined;

const host = connectHost<MemoryRpc>(
  (message) => {
    vscode.postMessage(message);
  },
  (listener) => {
    window.addEventListener("message", ({ data }) => {
      // What the host posts is what the protocol says.
      listener(data as Parameters<typeof listener>[0]);
    });
  },
  {
    go: (range) => page?.go(range),
    act: (act) => page?.act(act),
    reload: () => void load(),
  },
);

/** `again`: the person wants it, after it could not be shown. */
async function load(again = false): Promise<void> {
  document.body.replaceChildren(progress("Reading the memory map…"));
  try {
    const map = await host.ask("map", { again });
    // Only this view writes it.
    const state = (vscode.getState() as MemoryState | undefined) ?? {};
    const made = new MemoryPage(map, host, state, (kept) => {
      vscode.setState(kept);
    });
    page = made;
    document.title = `Memory: ${map.process}`;
    document.body.replaceChildren(made.root);
    made.focus();
  } catch (error) {
    const { message, next } =
      error instanceof HostError ? error : { message: String(error), next: undefined };
    document.body.replaceChildren(
      element(
        "div",
        { class: "failed", attributes: { role: "alert" } },
        element("p", { text: message }),
        element("p", { text: next ?? "" }),
        button("Try Again", () => void load(true)),
      ),
    );
  }
}

void load();
