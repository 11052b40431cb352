import type { Overview } from "../../src/protocol/index.ts";
import { element } from "../ui/dom.ts";
import { factList } from "./card.ts";
import { section, timeText } from "./section.ts";
import type { Open } from "./section.ts";

/** What CRIU measured of itself: a bar a phase, and counts of pages. */
export function timingBars({ timings, pages }: Overview, open: Open): HTMLElement {
  if (timings.length === 0)
    return section("Dump", false, element("p", { class: "none", text: "CRIU's statistics are not here." }));
  const longest = Math.max(1, ...timings.map(({ microseconds }) => microseconds));
  const rows = timings.map(({ label, microseconds }) => {
    const bar = element("span", { class: "bar" }, element("span", { class: "fill" }));
    bar.style.setProperty("--part", `${String((microseconds / longest) * 100)}%`);
    return element(
      "li",
      {},
      element("span", { text: label }),
      bar,
      element("span", { class: "size", text: timeText(microseconds) }),
    );
  });
  return section("Dump", false, element("ul", { class: "timings" }, ...rows), factList(pages, open));
}
