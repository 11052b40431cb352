import type { Overview, OverviewFact, OverviewFinding } from "../../src/protocol/index.ts";
import { element } from "../ui/dom.ts";
import { linkTo, mark, section } from "./section.ts";
import type { Open } from "./section.ts";

/** Who and what was frozen, when and by whom. */
export function identityCard({ facts }: Overview, open: Open): HTMLElement {
  return section("Identity", false, factList(facts, open));
}

/** Labels and values, two columns. */
export function factList(facts: readonly OverviewFact[], open: Open): HTMLElement {
  const pairs = facts.flatMap(({ label, value, target }) => [
    element("dt", { text: label }),
    element("dd", {}, target ? linkTo(value, target, open, `${label} ${value}`) : value),
  ]);
  return element("dl", { class: "facts" }, ...pairs);
}

/** More lines than this and the first of them are no longer seen. */
const SHOWN = 12;

/** What deserves a look, worst first. The rest of a long list unfolds. */
export function findingList({ findings }: Overview, open: Open): HTMLElement {
  if (findings.length === 0)
    return section("Deserves a look", false, element("p", { class: "none", text: "Nothing stands out." }));
  const item = ({ severity, title, detail, target }: OverviewFinding): HTMLElement =>
    element(
      "li",
      {},
      mark(severity),
      element(
        "span",
        {},
        target ? linkTo(title, target, open, `${title}: ${detail}`) : element("strong", { text: title }),
        element("span", { class: "detail", text: detail }),
      ),
    );
  const list = (items: readonly OverviewFinding[]): HTMLElement =>
    element("ul", { class: "findings" }, ...items.map(item));
  const rest = findings.slice(SHOWN);
  const more = element(
    "details",
    {},
    element("summary", { text: `${String(rest.length)} more` }),
    list(rest),
  );
  return section(
    "Deserves a look",
    false,
    list(findings.slice(0, SHOWN)),
    ...(rest.length > 0 ? [more] : []),
  );
}
