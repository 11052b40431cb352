import type { MemoryRpc } from "../../src/protocol/index.ts";
import { element, icon } from "../ui/dom.ts";

type Command = MemoryRpc["viewEvents"]["run"];

interface ToolbarEvents {
  back(): void;
  forward(): void;
  run(command: Command): void;
}

const COMMANDS: readonly { readonly command: Command; readonly icon: string; readonly title: string }[] = [
  { command: "goTo", icon: "target", title: "Go to Address, Symbol, Register or Mapping (Ctrl+G)" },
  { command: "search", icon: "search", title: "Search Memory (Ctrl+F)" },
  { command: "modules", icon: "library", title: "List Modules" },
  { command: "heap", icon: "layers", title: "List Heap Chunks" },
  { command: "compareCode", icon: "diff", title: "Compare Code with Its File" },
  { command: "saveSelection", icon: "save", title: "Save Selected Memory" },
];

/** The buttons above the bytes. */
export class Toolbar {
  readonly root: HTMLElement;
  readonly #back: HTMLButtonElement;
  readonly #forward: HTMLButtonElement;

  constructor(events: ToolbarEvents) {
    this.#back = tool("arrow-left", "Go Back (Alt+Left)", events.back);
    this.#forward = tool("arrow-right", "Go Forward (Alt+Right)", events.forward);
    this.root = element(
      "div",
      { class: "toolbar", attributes: { role: "toolbar", "aria-label": "Memory" } },
      this.#back,
      this.#forward,
      element("span", { class: "divider" }),
      ...COMMANDS.map(({ command, icon: name, title }) =>
        tool(name, title, () => {
          events.run(command);
        }),
      ),
    );
  }

  show(canGoBack: boolean, canGoForward: boolean): void {
    this.#back.disabled = !canGoBack;
    this.#forward.disabled = !canGoForward;
  }
}

function tool(name: string, title: string, pressed: () => void): HTMLButtonElement {
  const made = element(
    "button",
    { class: "tool", attributes: { type: "button", title, "aria-label": title } },
    icon(name),
  );
  made.addEventListener("click", pressed);
  return made;
}
