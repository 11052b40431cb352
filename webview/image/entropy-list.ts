import type { EntropyPart } from "../../src/protocol/index.ts";
import { element } from "../ui/dom.ts";
import { TEXTURES } from "./entropy-strip.ts";
import { hex, sizeWords } from "./words.ts";

/** More regions than anybody reads; the strip shows the rest. */
const MOST = 200;

/** Neighbouring parts of one texture as one, with their mean entropy. */
export function regions(parts: readonly EntropyPart[]): readonly EntropyPart[] {
  const joined: EntropyPart[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (last?.texture !== part.texture) {
      joined.push(part);
      continue;
    }
    const [before, more] = [last.end - last.start, part.end - part.start];
    const entropy = (last.entropy * before + part.entropy * more) / (before + more);
    joined[joined.length - 1] = { ...last, end: part.end, entropy };
  }
  return joined;
}

/** The entropy strip in words, with a button to each region: for screen readers, and for everybody's exact look. */
export function entropyList(parts: readonly EntropyPart[], goTo: (part: EntropyPart) => void): HTMLElement {
  const all = regions(parts);
  const items = all.slice(0, MOST).map((part) => {
    const { start, end, entropy, texture } = part;
    const place = element(
      "button",
      { class: "bookmark-place", attributes: { type: "button" } },
      element("span", { class: `swatch texture-${texture}`, attributes: { "aria-hidden": "true" } }),
      element("span", { class: "bookmark-offset", text: `${hex(start)} – ${hex(end - 1)}` }),
      element("span", { class: "bookmark-size", text: sizeWords(end - start) }),
      element("span", { class: "bookmark-size", text: `${entropy.toFixed(2)} bits per byte` }),
      element("span", { class: "bookmark-note", text: TEXTURES[texture].words }),
    );
    place.addEventListener("click", () => {
      goTo(part);
    });
    return element("li", {}, place);
  });
  if (all.length > MOST) items.push(element("li", { text: `and ${String(all.length - MOST)} more` }));
  return element("ul", { attributes: { id: "entropy-list", "aria-label": "Entropy by region" } }, ...items);
}
