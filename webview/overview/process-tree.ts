import type { Overview, OverviewProcess } from "../../src/protocol/index.ts";
import { element, icon } from "../ui/dom.ts";
import { bytesText, section } from "./section.ts";
import type { Open } from "./section.ts";

/** More processes than this are for the tree view, not for a picture. */
const DRAWN = 400;

interface TreeRow {
  readonly process: OverviewProcess;
  readonly level: number;
  /** For each level above, whether a line goes on below this row; the last is the row's own. */
  readonly lines: readonly boolean[];
}

/** Who started whom, as boxes on a tree of lines, each with its frozen memory as a bar. Arrow keys move in it. */
export function processTree({ processes, memory }: Overview, open: Open): HTMLElement {
  const rows = treeRows(processes);
  const bytesOf = new Map(
    memory.map(({ pid, kinds }) => [pid, kinds.reduce((sum, { bytes }) => sum + bytes, 0)]),
  );
  const most = Math.max(1, ...bytesOf.values());
  const tree = element("div", { class: "tree", attributes: { role: "tree", "aria-label": "Processes" } });
  const items = rows
    .slice(0, DRAWN)
    .map((row, index) => processItem(row, bytesOf.get(row.process.pid) ?? 0, most, index === 0, open));
  tree.append(...items);
  moveByKeys(tree, items);
  const left = rows.length - items.length;
  const note = element("p", { class: "none", text: `${String(left)} more in the Checkpoint view.` });
  return section("Processes", true, tree, ...(left > 0 ? [note] : []));
}

/** Depth first, each process once: a checkpoint may name a process as its own forebear. */
function treeRows(processes: readonly OverviewProcess[]): readonly TreeRow[] {
  const known = new Set(processes.map(({ pid }) => pid));
  const children = new Map<number, OverviewProcess[]>();
  const roots: OverviewProcess[] = [];
  for (const process of processes) {
    const { pid, ppid } = process;
    if (!known.has(ppid) || ppid === pid) roots.push(process);
    else children.set(ppid, [...(children.get(ppid) ?? []), process]);
  }
  const rows: TreeRow[] = [];
  const seen = new Set<number>();
  const pending = roots.map((process): TreeRow => ({ process, level: 0, lines: [] })).reverse();
  for (let row = pending.pop(); row; row = pending.pop()) {
    const { process, level, lines } = row;
    if (seen.has(process.pid)) continue;
    seen.add(process.pid);
    rows.push(row);
    const own = children.get(process.pid) ?? [];
    own
      .map((child, index) => ({
        process: child,
        level: level + 1,
        lines: [...lines, index < own.length - 1],
      }))
      .reverse()
      .forEach((child) => pending.push(child));
  }
  const lost = processes.filter(({ pid }) => !seen.has(pid));
  return [...rows, ...lost.map((process) => ({ process, level: 0, lines: [] }))];
}

function processItem(
  { process, level, lines }: TreeRow,
  bytes: number,
  most: number,
  isFirst: boolean,
  open: Open,
): HTMLElement {
  const { pid, comm, cmdline, state, threads, findings } = process;
  const words = [
    `Process ${String(pid)}, ${comm}, ${state}`,
    `${String(threads)} ${threads === 1 ? "thread" : "threads"}`,
    `${bytesText(bytes)} frozen`,
    ...findings,
  ];
  const guides = lines.map((goesOn, index) => {
    const isOwn = index === lines.length - 1;
    return element("span", { class: `guide ${isOwn ? "own" : ""} ${goesOn ? "on" : ""}` });
  });
  const bar = element("span", { class: "bar" }, element("span", { class: "fill" }));
  bar.style.setProperty("--part", `${String((bytes / most) * 100)}%`);
  const item = element(
    "div",
    {
      class: "node",
      attributes: {
        role: "treeitem",
        tabindex: isFirst ? "0" : "-1",
        "aria-level": String(level + 1),
        "aria-label": words.join(", "),
        title: cmdline === "" ? comm : cmdline,
      },
    },
    ...guides,
    icon(state === "running" ? "pulse" : state.startsWith("stopped") ? "debug-pause" : "circle-slash"),
    element("span", { class: "pid", text: String(pid) }),
    element("span", { class: "comm", text: comm }),
    element("span", { class: "command", text: cmdline }),
    ...(findings.length > 0
      ? [element("span", { class: "flagged", attributes: { title: findings.join("\n") } }, icon("warning"))]
      : []),
    element("span", { class: "count", text: threads > 1 ? `${String(threads)} threads` : "" }),
    bar,
    element("span", { class: "size", text: bytesText(bytes) }),
  );
  item.addEventListener("click", () => {
    open({ kind: "process", pid });
  });
  return item;
}

/** One stop for Tab; arrows, Home and End move inside, Enter opens. */
function moveByKeys(tree: HTMLElement, items: readonly HTMLElement[]): void {
  tree.addEventListener("keydown", (event) => {
    const at = items.findIndex((item) => item === document.activeElement);
    const last = items.length - 1;
    const goals: Readonly<Record<string, number>> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      Home: 0,
      End: last,
    };
    if (event.key === "Enter" || event.key === " ") items[at]?.click();
    else if (event.key in goals) {
      const goal = items[Math.max(0, Math.min(last, goals[event.key] ?? 0))];
      items.forEach((item) => {
        item.tabIndex = item === goal ? 0 : -1;
      });
      goal?.focus();
    } else return;
    event.preventDefault();
  });
}
