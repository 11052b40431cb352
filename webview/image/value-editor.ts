import type { EditRequest, ValueForm } from "../../src/protocol/index.ts";
import { element, icon, setAttribute } from "../ui/dom.ts";
import { button } from "./search-bar.ts";
import { makeControl } from "./value-control.ts";
import type { Control } from "./value-control.ts";

interface EditorEvents {
  /** Whether a text can be the value: why not, or "". */
  check(path: string, text: string): Promise<string>;
  /** Makes the edit; throws why it can't be made. */
  commit(request: EditRequest): Promise<void>;
  /** Where the row stands in the pane; undefined when it isn't on the screen. */
  boxOf(path: string): { readonly top: number; readonly left: number; readonly height: number } | undefined;
  /** It was closed, by Enter or Escape. */
  closed(): void;
}

interface Open {
  readonly form: ValueForm;
  readonly control: Control;
  readonly says: HTMLElement;
  readonly root: HTMLElement;
}

const NARROW = 200;

/** The editor of one value: lies over its row in the tree. Enter commits, Escape leaves, what is wrong is said at once. */
export class ValueEditor {
  readonly #pane: HTMLElement;
  readonly #events: EditorEvents;
  #open: Open | undefined;
  #checks = 0;

  constructor(pane: HTMLElement, events: EditorEvents) {
    this.#pane = pane;
    this.#events = events;
  }

  /** The row that it lies over; undefined when it is closed. */
  get path(): string | undefined {
    return this.#open?.form.at;
  }

  open(form: ValueForm): void {
    this.close();
    const control = makeControl(form, () => void this.#check());
    const says = element("p", { class: "value-says", attributes: { id: "value-says", role: "status" } });
    const title = form.isNew ? `New ${form.name}` : form.name;
    const root = element(
      "div",
      {
        class: "value-editor",
        attributes: { role: "dialog", "aria-label": form.isNew ? `Add ${form.name}` : `Edit ${form.name}` },
      },
      element(
        "div",
        { class: "value-line" },
        ...(form.isNew ? [element("span", { class: "value-name", text: title })] : []),
        control.root,
        this.#tool("check", "Accept (Enter)", () => void this.#commit()),
        this.#tool("close", "Leave it as it was (Escape)", () => {
          this.close();
          this.#events.closed();
        }),
      ),
      ...(control.below ? [control.below] : []),
      says,
    );
    root.addEventListener("keydown", (event) => {
      // VS Code would do something else for them, or open another editor in the place of this one.
      if (["Enter", "Escape", "F2"].includes(event.key)) event.stopPropagation();
      if (this.#onKey(event)) event.preventDefault();
    });
    this.#open = { form, control, says, root };
    this.#say("");
    this.#pane.append(root);
    this.place();
    control.input.focus();
    if (control.input instanceof HTMLInputElement || control.input instanceof HTMLTextAreaElement)
      control.input.select();
  }

  close(): void {
    this.#checks++;
    this.#open?.root.remove();
    this.#open = undefined;
  }

  /** Puts it over its row, which may have moved; at the top when the row isn't on the screen. */
  place(): void {
    const { form, root } = this.#open ?? {};
    if (!form || !root) return;
    const { clientHeight, clientWidth } = this.#pane;
    const box = this.#events.boxOf(form.at);
    const below = form.isNew ? (box?.height ?? 0) : 0;
    const top = Math.max(0, Math.min((box?.top ?? 0) + below, clientHeight - root.offsetHeight));
    const left = Math.min(form.isNew ? 24 : (box?.left ?? 24), Math.max(0, clientWidth - NARROW));
    root.style.top = `${String(top)}px`;
    root.style.left = `${String(left)}px`;
  }

  async #check(): Promise<void> {
    const { form, control } = this.#open ?? {};
    if (!form || !control) return;
    const ticket = ++this.#checks;
    const wrong = await this.#events.check(form.path, control.text()).catch(wordsOf);
    if (ticket === this.#checks) this.#say(wrong);
  }

  async #commit(): Promise<void> {
    const { form, control } = this.#open ?? {};
    if (!form || !control) return;
    const ticket = ++this.#checks;
    const text = control.text();
    try {
      if (form.isNew || text !== form.text)
        await this.#events.commit({ do: form.isNew ? "add" : "set", path: form.path, text });
      if (ticket !== this.#checks) return;
      this.close();
      this.#events.closed();
    } catch (error) {
      if (ticket === this.#checks) this.#say(wordsOf(error));
    }
  }

  /** Why the text can't be the value, and what may be typed. */
  #say(wrong: string): void {
    if (!this.#open) return;
    const { control, says } = this.#open;
    const isWrong = wrong !== "";
    setAttribute(control.input, "aria-invalid", isWrong ? "true" : undefined);
    const why = element("span", { class: "value-wrong" }, icon("error"), " ", wrong);
    says.replaceChildren(...(isWrong ? [why] : []), control.hint);
    this.place();
  }

  #onKey({ key, shiftKey, isComposing, target }: KeyboardEvent): boolean {
    const isButton = target instanceof HTMLButtonElement;
    if (key === "Escape") {
      this.close();
      this.#events.closed();
      return true;
    }
    if (key !== "Enter" || isComposing || isButton || (shiftKey && this.#open?.control.hasLines))
      return false;
    void this.#commit();
    return true;
  }

  #tool(name: string, title: string, run: () => void): HTMLElement {
    const made = button(name, title);
    made.addEventListener("click", run);
    return made;
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
