// Elements of VS Code's design system (`toolkit.ts`).
import { element } from "./dom.ts";

/** A button with a text. */
export function button(text: string, pressed: () => void): HTMLElement {
  const made = document.createElement("vscode-button");
  made.textContent = text;
  made.addEventListener("click", pressed);
  return made;
}

/** A ring that turns while something is under way, with the words that a screen reader says. */
export function progress(text: string): HTMLElement {
  return element(
    "p",
    { class: "opening", attributes: { role: "status" } },
    document.createElement("vscode-progress-ring"),
    text,
  );
}
