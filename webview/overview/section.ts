import type { OverviewTarget } from "../../src/protocol/index.ts";
import { element, icon } from "../ui/dom.ts";

/** Shows what a mark leads to. */
export type Open = (target: OverviewTarget) => void;

/** A part of the page with its heading; `wide` parts take the whole width. */
export function section(title: string, wide: boolean, ...content: readonly (Node | string)[]): HTMLElement {
  const id = `section-${title.toLowerCase().replaceAll(" ", "-")}`;
  return element(
    "section",
    { class: wide ? "wide" : "", attributes: { "aria-labelledby": id } },
    element("h2", { text: title, attributes: { id } }),
    ...content,
  );
}

/** A text that leads somewhere. */
export function linkTo(text: string, target: OverviewTarget, open: Open, label = text): HTMLElement {
  const made = element("button", {
    class: "link",
    text,
    attributes: { type: "button", "aria-label": label },
  });
  made.addEventListener("click", () => {
    open(target);
  });
  return made;
}

const MARKS = { error: "error", warning: "warning", info: "info" } as const;

/** The icon of a severity, in the theme's colour for it. */
export function mark(severity: keyof typeof MARKS): HTMLElement {
  const made = icon(MARKS[severity]);
  made.classList.add(`mark-${severity}`);
  return made;
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** `512 B`, `4 KiB`, `1.5 MiB`. */
export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${String(Number(value.toFixed(value < 10 ? 1 : 0)))} ${UNITS[unit] ?? ""}`;
}

/** `850 µs`, `12.3 ms`, `1.5 s`. */
export function timeText(microseconds: number): string {
  if (microseconds < 1000) return `${String(microseconds)} µs`;
  const [value, unit] = microseconds < 1e6 ? [microseconds / 1e3, "ms"] : [microseconds / 1e6, "s"];
  return `${String(Number(value.toFixed(value < 100 ? 1 : 0)))} ${unit}`;
}
