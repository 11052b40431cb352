import type { ImageRow, RowKind } from "../../src/protocol/index.ts";
import { element, setAttribute, setText } from "../ui/dom.ts";

const ICONS: Readonly<Record<RowKind, string>> = {
  magic: "key",
  entry: "symbol-class",
  message: "symbol-structure",
  list: "symbol-array",
  number: "symbol-numeric",
  flag: "symbol-boolean",
  choice: "symbol-enum",
  text: "symbol-string",
  bytes: "file-binary",
  unknown: "question",
  payload: "database",
};

/** Where a row stands in the tree. */
export interface RowPlace {
  readonly position: number;
  /** Pixels from the top of the sheet. */
  readonly y: number;
  readonly depth: number;
  /** Number of its parent's children, and which of them it is, from 0. */
  readonly siblings: number;
  readonly index: number;
  readonly isSelected: boolean;
  /** undefined when it has nothing to open. */
  readonly isOpen: boolean | undefined;
}

/** One line of the field tree. It is made once and drawn again with other rows. */
export class TreeRow {
  readonly root = element("div", { class: "row", attributes: { role: "treeitem" } });
  readonly #indent = element("span", { class: "indent" });
  readonly #twistie = element("span", { class: "twistie" });
  readonly #icon = element("span", { class: "icon" });
  readonly #label = element("span", { class: "label" });
  readonly #value = element("span", { class: "value" });
  readonly #type = element("span", { class: "type" });

  constructor() {
    this.root.append(this.#indent, this.#twistie, this.#icon, this.#label, this.#value, this.#type);
  }

  /** Draws a row, "asked" while it is on its way, or why it can't be had. */
  draw(row: ImageRow | "asked" | { readonly error: string }, place: RowPlace): void {
    this.#place(place);
    if (row === "asked") this.#drawPlain("…", false);
    else if ("error" in row) this.#drawPlain(row.error, true);
    else this.#drawRow(row, place.isOpen);
  }

  /** Pixels from the left edge of the tree to the value. */
  get valueLeft(): number {
    return this.#value.offsetLeft;
  }

  #place({ position, y, depth, siblings, index, isSelected }: RowPlace): void {
    const { root } = this;
    root.id = `field-${String(position)}`;
    root.dataset["position"] = String(position);
    root.style.transform = `translateY(${String(y)}px)`;
    this.#indent.style.setProperty("--depth", String(depth));
    setAttribute(root, "aria-level", String(depth + 1));
    setAttribute(root, "aria-setsize", String(siblings));
    setAttribute(root, "aria-posinset", String(index + 1));
    setAttribute(root, "aria-selected", String(isSelected));
  }

  #drawRow(row: ImageRow, isOpen: boolean | undefined): void {
    const { root } = this;
    const { problem, change } = row;
    const wrong = problem && `${problem.severity}: ${problem.message}`;
    const link = row.link && `refers to ${row.link}`;
    const edited = change && changeWords(change);
    const says = [row.label, row.value, row.type, link, edited, wrong].filter((part) => part);
    setAttribute(root, "aria-expanded", isOpen === undefined ? undefined : String(isOpen));
    setAttribute(root, "aria-busy", undefined);
    setAttribute(root, "aria-label", says.join(", "));
    setAttribute(root, "data-path", row.path);
    const hint = row.link && `Refers to ${row.link}: Ctrl+click (Cmd+click) or F12 goes there.`;
    const edit = row.can?.includes("edit") && "F2 or Enter edits the value.";
    const title = [row.path, wrong, edited, row.doc, row.value, hint, edit].filter((part) => part);
    setAttribute(root, "title", title.join("\n"));
    setAttribute(root, "data-vscode-context", contextOf(row));
    root.className = `row ${problem?.severity ?? ""} ${change ? `edit-${change.kind}` : ""}`;
    const arrow = isOpen ? "chevron-down" : "chevron-right";
    this.#twistie.className = `twistie ${isOpen === undefined ? "" : `codicon codicon-${arrow}`}`;
    this.#icon.className = `icon kind-${row.kind} codicon codicon-${problem?.severity ?? ICONS[row.kind]}`;
    setText(this.#label, row.label);
    setText(this.#value, row.value);
    this.#value.className = row.link === undefined ? "value" : "value link";
    setText(this.#type, row.type);
  }

  #drawPlain(text: string, isError: boolean): void {
    const { root } = this;
    root.className = isError ? "row error" : "row";
    setAttribute(root, "aria-expanded", undefined);
    setAttribute(root, "aria-busy", isError ? undefined : "true");
    setAttribute(root, "aria-label", isError ? text : "loading");
    setAttribute(root, "data-path", undefined);
    setAttribute(root, "title", isError ? text : undefined);
    setAttribute(root, "data-vscode-context", undefined);
    this.#twistie.className = "twistie";
    this.#icon.className = isError ? "icon codicon codicon-error" : "icon";
    setText(this.#label, text);
    setText(this.#value, "");
    this.#value.className = "value";
    setText(this.#type, "");
  }
}

function changeWords({ kind, words }: NonNullable<ImageRow["change"]>): string {
  return kind === "inside" ? `Edited inside. ${words}`.trim() : `Edited: ${words}`;
}

/** What VS Code gives to the commands of the row's context menu. */
function contextOf({ path, searches, can = [] }: ImageRow): string {
  return JSON.stringify({
    webviewSection: "field",
    path,
    hasDefinition: searches.includes("definition"),
    hasReferences: searches.includes("references"),
    canEdit: can.includes("edit"),
    canAdd: can.includes("add"),
    canRemove: can.includes("remove"),
    canDuplicate: can.includes("duplicate"),
    preventDefaultContextMenuItems: true,
  });
}
