// VS Code's web components. Their project was archived in January 2025: they are imported in this file alone, so that
// they can be replaced here.
import { provideVSCodeDesignSystem, vsCodeButton, vsCodeProgressRing } from "@vscode/webview-ui-toolkit";
import { element } from "./dom.ts";

provideVSCodeDesignSystem().register(vsCodeButton(), vsCodeProgressRing());

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
