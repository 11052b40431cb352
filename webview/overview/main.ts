// The Overview page: a whole checkpoint at a glance. Every mark leads to what it stands for.
import type { Overview, OverviewRpc } from "../../src/protocol/index.ts";
import { element } from "../ui/dom.ts";
import { connectPage, showWhenRead } from "../ui/host.ts";
import { findingList, identityCard } from "./card.ts";
import { channelGraph } from "./graph.ts";
import "./overview.css";
import { processTree } from "./process-tree.ts";
import type { Open } from "./section.ts";
import { timingBars } from "./timings.ts";
import { memoryMap } from "./treemap.ts";

const { host } = connectPage<OverviewRpc>({});
const open: Open = (target) => {
  host.tell("open", target);
};

/** The parts of the page, in the order in which an analyst asks. */
const SECTIONS = [identityCard, findingList, timingBars, processTree, memoryMap, channelGraph];
/** Of what CRIU didn't freeze there is nothing else: empty pictures would say that nothing ran. */
const sectionsOf = ({ isForeign }: Overview): typeof SECTIONS =>
  isForeign ? [identityCard, findingList] : SECTIONS;

function show(overview: Overview): void {
  const { title, subtitle, notes } = overview;
  document.title = title;
  document.body.replaceChildren(
    element("header", {}, element("h1", { text: title }), element("p", { class: "lead", text: subtitle })),
    element("main", {}, ...sectionsOf(overview).map((part) => part(overview, open))),
    element("footer", {}, ...notes.map((text) => element("p", { class: "none", text }))),
  );
}

void showWhenRead("Reading the checkpoint…", async (again) => {
  show(await host.ask("overview", { again }));
});
