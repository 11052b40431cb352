import type { Overview, OverviewKind, OverviewMemory, OverviewMemoryKind } from "../../src/protocol/index.ts";
import { element } from "../ui/dom.ts";
import { bytesText, section } from "./section.ts";
import type { Open } from "./section.ts";
import { squarify } from "./squarify.ts";
import type { Box } from "./squarify.ts";

const KINDS: Readonly<Record<OverviewMemoryKind, string>> = {
  heap: "heap",
  stack: "stack",
  anonymous: "anonymous",
  file: "of files",
  shared: "shared",
  other: "other",
};

/** The map's own unit; the page scales it. Wide, as the section is. */
const MAP: Box = { x: 0, y: 0, width: 1000, height: 260 };
/** Room for the name above a process's cells, in the same unit. */
const HEAD = 22;
/** Boxes of less than this share of the whole would be specks; they are drawn as one. */
const SPECK = 0.002;

const percent = (part: number, whole: number): string => `${String((part / whole) * 100)}%`;

/** Frozen memory by process, and in each by kind. */
export function memoryMap({ memory }: Overview, open: Open): HTMLElement {
  const sizes = memory
    .map((each) => ({ ...each, bytes: each.kinds.reduce((sum, { bytes }) => sum + bytes, 0) }))
    .filter(({ bytes }) => bytes > 0)
    .sort((one, other) => other.bytes - one.bytes);
  const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total === 0)
    return section(
      "Memory",
      true,
      element("p", { class: "none", text: "No memory was frozen, or none can be read." }),
    );
  const shown = sizes.filter(({ bytes }) => bytes / total >= SPECK);
  const specks = sizes.slice(shown.length).reduce((sum, { bytes }) => sum + bytes, 0);
  const boxes = squarify([...shown.map(({ bytes }) => bytes), ...(specks > 0 ? [specks] : [])], MAP);
  const map = element("div", { class: "treemap" });
  shown.forEach((process, index) => {
    const box = boxes[index];
    if (box) map.append(processBox(process, process.bytes, box, open));
  });
  const last = boxes[shown.length];
  if (last && specks > 0) {
    const few = sizes.length - shown.length;
    const text = `${String(few)} more`;
    map.append(
      place(
        element("div", { class: "group", attributes: { title: `${text}, ${bytesText(specks)}` } }),
        last,
        MAP,
      ),
    );
  }
  const used = new Set(sizes.flatMap(({ kinds }) => kinds.map(({ kind }) => kind)));
  const legend = Object.entries(KINDS)
    // The table's keys are the kinds.
    .filter(([kind]) => used.has(kind as OverviewMemoryKind))
    .map(([kind, text]) => element("li", {}, element("span", { class: `swatch kind-${kind}` }), text));
  return section(
    "Memory",
    true,
    element("p", { class: "lead", text: `${bytesText(total)} of memory frozen, by process and kind` }),
    map,
    element("ul", { class: "legend", attributes: { "aria-label": "Kinds" } }, ...legend),
  );
}

function processBox({ pid, comm, kinds }: OverviewMemory, bytes: number, box: Box, open: Open): HTMLElement {
  const name = `${String(pid)} ${comm}`;
  const isTall = box.height > HEAD * 2 && box.width > 40;
  const head = isTall ? HEAD : 0;
  const inner: Box = { x: 0, y: head, width: box.width, height: box.height - head };
  const group = element("div", {
    class: "group",
    attributes: { role: "group", "aria-label": `${name}, ${bytesText(bytes)}` },
  });
  if (isTall) {
    const title = element("button", {
      class: "group-name",
      text: `${name} · ${bytesText(bytes)}`,
      attributes: { type: "button", "aria-label": `Process ${name}` },
    });
    title.addEventListener("click", () => {
      open({ kind: "process", pid });
    });
    group.append(title);
  }
  const sorted = [...kinds].filter((kind) => kind.bytes > 0).sort((one, other) => other.bytes - one.bytes);
  squarify(
    sorted.map((kind) => kind.bytes),
    inner,
  ).forEach((cell, index) => {
    const kind = sorted[index];
    if (kind) group.append(place(kindCell(kind, name, open), cell, box));
  });
  return place(group, box, MAP);
}

function kindCell({ kind, bytes, largest }: OverviewKind, name: string, open: Open): HTMLElement {
  const words = `${KINDS[kind]}, ${bytesText(bytes)}`;
  const cell = element(
    "button",
    {
      class: `cell kind-${kind}`,
      attributes: { type: "button", title: `${name}: ${words}`, "aria-label": `${name}: ${words}` },
    },
    element("span", { text: KINDS[kind] }),
    element("span", { class: "cell-size", text: bytesText(bytes) }),
  );
  cell.addEventListener("click", () => {
    open(largest);
  });
  return cell;
}

/** Puts an element at a box of `space`, in percent, so that the map follows the width of the page. */
function place(target: HTMLElement, { x, y, width, height }: Box, space: Box): HTMLElement {
  target.style.left = percent(x, space.width);
  target.style.top = percent(y, space.height);
  target.style.width = percent(width, space.width);
  target.style.height = percent(height, space.height);
  return target;
}
