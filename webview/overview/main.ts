// The Overview page: a whole checkpoint at a glance. Every mark leads to what it stands for.
import type { Overview, OverviewRpc } from "../../src/protocol/index.ts";
import { element } from "../ui/dom.ts";
import { connectHost, HostError } from "../ui/rpc.ts";
import { button, progress } from "../ui/components.ts";
import { vscodeApi } from "../ui/vscode.ts";
import { findingList, identityCard } from "./card.ts";
import { channelGraph } from "./graph.ts";
import "./overview.css";
import { processTree } from "./process-tree.ts";
import type { Open } from "./section.ts";
import { timingBars } from "./timings.ts";
import { memoryMap } from "./treemap.ts";

const vscode = vscodeApi();
const host = connectHost<OverviewRpc>(
  (message) => {
    vscode.postMessage(message);
  },
  (listener) => {
    window.addEventListener("message", ({ data }) => {
      listener(data as Parameters<typeof listener>[0]);
    });
  },
  {},
);
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

/** `again`: the person wants it, after it could not be shown. */
async function load(again = false): Promise<void> {
  document.body.replaceChildren(progress("Reading the checkpoint…"));
  try {
    show(await host.ask("overview", { again }));
  } catch (error) {
    const { message, next } =
      error instanceof HostError ? error : { message: String(error), next: undefined };
    document.body.replaceChildren(
      element(
        "div",
        { class: "failed", attributes: { role: "alert" } },
        element("p", { text: message }),
        element("p", { text: next ?? "" }),
        button("Try Again", () => void load(true)),
      ),
    );
  }
}

void load();
