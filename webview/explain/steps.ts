import type { ByteRange, ExplainStep, ExplainTable, ExplainWords } from "../../src/protocol/index.ts";
import { element } from "../ui/dom.ts";

export interface StepActions {
  select(range: ByteRange): void;
  /** Titles of the steps that stay open. */
  readonly opened: Set<string>;
}

/** `byte 12`, `bytes 12 to 15`. */
export function rangeWords({ start, end }: ByteRange): string {
  return end - start <= 1 ? `byte ${String(start)}` : `bytes ${String(start)} to ${String(end - 1)}`;
}

/** One step: all of it when `isOpen`, else a line that can be opened. */
export function stepItem(
  step: ExplainStep,
  isOpen: boolean,
  selection: ByteRange | undefined,
  actions: StepActions,
): HTMLElement {
  const { title, short, span, text, tables, selected } = step;
  const summary = element(
    "summary",
    {},
    element("h2", { text: title }),
    element("span", { class: "short", text: short, attributes: { title: short } }),
  );
  const details = element("details", {}, summary);
  details.open = isOpen || actions.opened.has(title);
  if (!isOpen)
    details.addEventListener("toggle", () => {
      if (details.open) actions.opened.add(title);
      else actions.opened.delete(title);
    });
  details.append(
    ...(span.end > span.start ? [bytesLink(span, actions)] : []),
    ...text.map(paragraph),
    ...tables.map((table) => arithmetic(table, selection, actions)),
  );
  return element(
    "li",
    { class: `step ${step.kind}`, attributes: selected ? { "aria-current": "step" } : {} },
    details,
  );
}

function bytesLink(span: ByteRange, { select }: StepActions): HTMLElement {
  const words = rangeWords(span);
  const link = element("button", {
    class: "link",
    text: words.charAt(0).toUpperCase() + words.slice(1),
    attributes: { type: "button", "aria-label": `Select ${words}` },
  });
  link.addEventListener("click", () => {
    select(span);
  });
  return element("p", { class: "bytes" }, link);
}

function paragraph(words: ExplainWords): HTMLElement {
  const pieces = words.map((piece) =>
    typeof piece === "string" ? piece : element("code", { text: piece.code }),
  );
  return element("p", {}, ...pieces);
}

function arithmetic(
  { caption, columns, rows, result }: ExplainTable,
  selection: ByteRange | undefined,
  { select }: StepActions,
): HTMLElement {
  const head = columns.map((name) => element("th", { text: name, attributes: { scope: "col" } }));
  const body = rows.map(({ span, cells }) => {
    const isSelected = selection !== undefined && selection.start <= span.start && span.end <= selection.end;
    const [first = "", ...rest] = cells;
    const link = element("button", {
      class: "link",
      text: first,
      attributes: { type: "button", "aria-label": `Select byte ${first}` },
    });
    link.addEventListener("click", () => {
      select(span);
    });
    return element(
      "tr",
      isSelected ? { class: "selected" } : {},
      element("th", { attributes: { scope: "row" } }, link),
      ...rest.map((text) => element("td", { text })),
    );
  });
  const table = element(
    "table",
    {},
    element("caption", { text: caption }),
    element("thead", {}, element("tr", {}, ...head)),
    element("tbody", {}, ...body),
  );
  return element("div", { class: "arithmetic" }, table, element("p", { class: "result", text: result }));
}
