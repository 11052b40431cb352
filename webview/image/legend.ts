import { element } from "../ui/dom.ts";
import { KINDS } from "./hex-pages.ts";
import { KIND_WORDS } from "./words.ts";

/** The key to the marks of the hex grid. Each kind differs by more than its colour. */
export function legend(): HTMLElement {
  const items = KINDS.map((kind) =>
    element(
      "li",
      { attributes: { title: KIND_WORDS[kind] } },
      element("span", { class: `b k-${kind}`, text: "00", attributes: { "aria-hidden": "true" } }),
      kind,
    ),
  );
  return element("ul", { class: "legend", attributes: { "aria-label": "Kinds of bytes" } }, ...items);
}
