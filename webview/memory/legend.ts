import { element } from "../ui/dom.ts";

const ITEMS = [
  ["dumped", "D", "dumped"],
  ["layer", "1", "parent layer"],
  ["file", "F", "file"],
  ["zero", "Z", "zero"],
  ["unavailable", "–", "not available"],
  ["dumped copied", "D!", "code that was dumped"],
] as const;

/** The key to the gutter. Letters tell what colours tell. */
export function legend(): HTMLElement {
  return element(
    "ul",
    { class: "legend", attributes: { "aria-label": "Where bytes come from" } },
    ...ITEMS.map(([kind, letter, words]) =>
      element(
        "li",
        {},
        element("span", { class: `origin o-${kind}`, text: letter, attributes: { "aria-hidden": "true" } }),
        words,
      ),
    ),
  );
}
