import type { Overview, OverviewChannel } from "../../src/protocol/index.ts";
import { element } from "../ui/dom.ts";
import { layOut } from "./graph-layout.ts";
import type { GraphLine } from "./graph-layout.ts";
import { bytesText, section } from "./section.ts";
import type { Open } from "./section.ts";

/** More channels than this can't be told apart in a picture. */
const DRAWN = 60;
/** In CSS pixels, the picture's own unit. */
const ROW = 26;
const BOX = { width: 190, height: 20 };
const WIDTH = 900;
const RIGHT = 470;

const OUTSIDE = "can be reached from outside of the checkpoint";

const ROLES = { reads: "reads from", writes: "writes to", both: "reads and writes" } as const;

/** Which process holds which pipe or socket. A line is thick where bytes wait in it. */
export function channelGraph({ processes, channels }: Overview, open: Open): HTMLElement {
  if (channels.length === 0)
    return section("Pipes and sockets", true, element("p", { class: "none", text: "None is open." }));
  const names = new Map(processes.map(({ pid, comm }) => [pid, `${String(pid)} ${comm}`]));
  const {
    pids,
    channels: shown,
    lines,
  } = layOut(
    processes.map(({ pid }) => pid),
    channels.slice(0, DRAWN),
  );
  const height = Math.max(pids.length, shown.length) * ROW;
  const yOf = (index: number, count: number): number => ((index + 0.5) * height) / count;
  const picture = svg("svg", {
    class: "graph",
    viewBox: `0 0 ${String(WIDTH)} ${String(height)}`,
    width: String(WIDTH),
    height: String(height),
    role: "group",
    "aria-label": "Processes at the left, pipes and sockets at the right",
  });
  for (const line of lines) {
    const from = yOf(line.process, pids.length);
    const to = yOf(line.channel, shown.length);
    picture.append(lineMark(line, from, to, shown[line.channel]?.queued ?? 0));
  }
  pids.forEach((pid, index) => {
    const name = names.get(pid) ?? String(pid);
    const node = box(0, yOf(index, pids.length), BOX.width, name, `Process ${name}`, "process", () => {
      open({ kind: "process", pid });
    });
    node.dataset["process"] = String(index);
    picture.append(node);
  });
  shown.forEach((channel, index) => {
    const [first] = channel.ends;
    const node = box(
      RIGHT,
      yOf(index, shown.length),
      WIDTH - RIGHT,
      channelText(channel),
      channelWords(channel, names),
      channel.isOutside ? "channel outside" : "channel",
      () => {
        if (first) open({ kind: "openFile", pid: first.pid, fd: first.fd });
      },
    );
    node.dataset["channel"] = String(index);
    picture.append(node);
  });
  followFocus(picture);
  const hints = [
    ...(shown.some(({ queued }) => queued > 0) ? ["Thick lines: data that nobody has read yet."] : []),
    ...(shown.some(({ isOutside }) => isOutside) ? [`Yellow frames: ${OUTSIDE}.`] : []),
  ].join(" ");
  const left = channels.length - shown.length;
  const note = element("p", { class: "none", text: `${String(left)} more in the Checkpoint view.` });
  return section(
    "Pipes and sockets",
    true,
    element("div", { class: "graph-window" }, picture),
    ...(hints === "" ? [] : [element("p", { class: "none", text: hints })]),
    ...(left > 0 ? [note] : []),
  );
}

function channelText({ label, queued }: OverviewChannel): string {
  return queued > 0 ? `${label} · ${bytesText(queued)} waiting` : label;
}

function channelWords(channel: OverviewChannel, names: ReadonlyMap<number, string>): string {
  const ends = channel.ends.map(
    ({ pid, fd, role }) => `${names.get(pid) ?? String(pid)} ${ROLES[role]} it as descriptor ${String(fd)}`,
  );
  return [channelText(channel), ...(channel.isOutside ? [OUTSIDE] : []), ...ends].join(", ");
}

/** A curve whose arrow points to where bytes go. */
function lineMark(
  { process, channel, role }: GraphLine,
  from: number,
  to: number,
  queued: number,
): SVGElement {
  const [start, end] = [BOX.width, RIGHT];
  const bend = (start + end) / 2;
  const path = `M ${String(start + 6)} ${String(from)} C ${String(bend)} ${String(from)}, ${String(bend)} ${String(to)}, ${String(end - 6)} ${String(to)}`;
  const group = svg("g", { class: queued > 0 ? "line full" : "line" });
  group.append(svg("path", { d: path }));
  if (role !== "reads") group.append(arrow(end, to, 1));
  if (role !== "writes") group.append(arrow(start, from, -1));
  group.dataset["process"] = String(process);
  group.dataset["channel"] = String(channel);
  return group;
}

function arrow(x: number, y: number, direction: 1 | -1): SVGElement {
  const back = x - direction * 7;
  return svg("polygon", {
    points: `${String(x)},${String(y)} ${String(back)},${String(y - 4)} ${String(back)},${String(y + 4)}`,
  });
}

function box(
  x: number,
  middle: number,
  width: number,
  text: string,
  words: string,
  kind: string,
  opened: () => void,
): SVGElement {
  const group = svg("g", { class: `box ${kind}`, tabindex: "0", role: "link", "aria-label": words });
  const title = svg("title", {});
  title.textContent = words;
  const label = svg("text", { x: String(x + 8), y: String(middle + 4) });
  // The picture has no ellipsis of its own; 6.4 px is a wide mean for a letter of the font.
  const room = Math.floor((width - 16) / 6.4);
  label.textContent = text.length > room ? `${text.slice(0, room - 1)}…` : text;
  const frame = svg("rect", {
    x: String(x + 0.5),
    y: String(middle - BOX.height / 2 + 0.5),
    width: String(width - 1),
    height: String(BOX.height - 1),
    rx: "3",
  });
  group.append(title, frame, label);
  group.addEventListener("click", opened);
  group.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    opened();
  });
  return group;
}

/** Lines of the box under pointer or focus stand out from the others. */
function followFocus(picture: SVGElement): void {
  const lines = [...picture.querySelectorAll<SVGElement>(".line")];
  const show = (target: EventTarget | null): void => {
    const node = target instanceof Element ? target.closest<SVGElement>(".box") : null;
    for (const line of lines) {
      const isOwn =
        node !== null &&
        (node.dataset["process"] === undefined
          ? line.dataset["channel"] === node.dataset["channel"]
          : line.dataset["process"] === node.dataset["process"]);
      line.classList.toggle("shown", isOwn);
    }
    picture.classList.toggle("choosing", node !== null);
  };
  picture.addEventListener("pointerover", ({ target }) => {
    show(target);
  });
  picture.addEventListener("focusin", ({ target }) => {
    show(target);
  });
  picture.addEventListener("pointerleave", () => {
    show(document.activeElement);
  });
  picture.addEventListener("focusout", () => {
    show(null);
  });
}

function svg(name: string, attributes: Readonly<Record<string, string>>): SVGElement {
  // Every name that is asked for here is one of SVG.
  const made = document.createElementNS("http://www.w3.org/2000/svg", name) as SVGElement;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
