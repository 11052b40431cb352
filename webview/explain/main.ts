// The Explain view's page: the way from the first byte of an image to the selected ones, step by step.
import type { ByteRange, ExplainRpc, ExplainStep, ShownExplanation } from "../../src/protocol/index.ts";
import { element, icon, setText } from "../ui/dom.ts";
import { connectPage } from "../ui/host.ts";
import "./explain.css";
import { rangeWords, stepItem } from "./steps.ts";

const { host } = connectPage<ExplainRpc>({ explanation: show });

const place = element("p", { class: "place" });
const previous = walkButton("Previous", "arrow-up");
const next = walkButton("Next", "arrow-down");
const said = element("p", { class: "said", attributes: { role: "status" } });
const way = stepList("The way to these bytes");
const own = stepList("These bytes");
const note = element("p", { class: "note" });
const main = element(
  "main",
  {},
  element("header", {}, element("div", { class: "walk" }, previous, next), place),
  note,
  element("div", { class: "columns" }, way, own),
  said,
);
/** Titles of steps that lead to the bytes and that the person has opened; they stay open from byte to byte. */
const opened = new Set<string>();
/** What the person went on to in this view: only that is said aloud, however often it is shown. */
let walkedTo: ByteRange | undefined;

function stepList(label: string): HTMLElement {
  return element("ol", { class: "steps", attributes: { "aria-label": label } });
}

function walkButton(text: string, mark: string): HTMLButtonElement {
  const made = element("button", { class: "walk-button", attributes: { type: "button" } }, icon(mark), text);
  return made;
}

function select(range: ByteRange): void {
  walkedTo = range;
  host.tell("select", range);
}

function show(now: ShownExplanation | string | undefined): void {
  const shown = typeof now === "object" ? now : undefined;
  main.classList.toggle("empty", !shown);
  setText(
    note,
    typeof now === "string"
      ? now
      : "Open an image and select a byte or a field: what it means is shown here.",
  );
  setText(place, shown ? `${shown.image}, ${rangeWords(shown.span)}` : "");
  enable(previous, shown?.previous);
  enable(next, shown?.next);
  const steps = shown?.steps ?? [];
  const item = (step: ExplainStep, isOpen: boolean): HTMLElement =>
    stepItem(step, isOpen, shown?.span, { select, opened });
  const about = steps.filter(({ selected }) => selected);
  way.replaceChildren(...steps.filter(({ selected }) => !selected).map((step) => item(step, false)));
  // Of a whole field the value is what people look for; tag and length stay lines above it.
  own.replaceChildren(...about.map((step, index) => item(step, index === about.length - 1)));
  // In a narrow view the own steps come below the way.
  own.scrollIntoView({ block: "nearest" });
  const last = about.at(-1);
  const isWalked = walkedTo?.start === shown?.span.start && walkedTo?.end === shown?.span.end;
  setText(said, isWalked && last ? `${last.title}: ${last.short}` : "");
}

function enable(target: HTMLButtonElement, range: ByteRange | undefined): void {
  // Not `disabled`, which would take the focus away at the last piece.
  target.setAttribute("aria-disabled", String(!range));
  target.title = range ? rangeWords(range) : "";
  target.onclick = () => {
    if (range) select(range);
  };
}

document.body.addEventListener("keydown", ({ key }) => {
  if (key === "Escape") host.tell("leave", {});
});
document.body.replaceChildren(main);
show(undefined);
host.tell("ready", {});
