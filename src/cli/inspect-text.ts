import { printable } from "./inspect-printable.ts";
import { showSize } from "../criu/index.ts";
import type { InspectDocument, InspectProcess } from "./inspect-document.ts";
import type { SectionFields } from "./inspect-sections.ts";

const all = (fields: SectionFields): SectionFields => fields;
/** Of a list only how long it is. */
const counted =
  (name: string) =>
  (fields: SectionFields): SectionFields => ({ [name]: listOf(fields[name]).map(() => undefined) });
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** What the summary takes of each section. It says of all of them what is wrong with them. */
export const IN_SUMMARY = {
  container: all,
  foreign: all,
  criu: all,
  mounts: counted("mounts"),
  threads: counted("threads"),
};

type SummaryProcess = Pick<
  InspectProcess,
  "pid" | "uid" | "state" | "exit" | "comm" | "cmdline" | "children"
> & {
  readonly threads: readonly unknown[];
};

/** What is read for a summary. */
export type InspectSummary = Omit<InspectDocument, "processes" | "mounts"> & {
  readonly processes: readonly SummaryProcess[];
  readonly mounts: readonly unknown[];
};

/** The document for people: a summary, the process tree, and what was wrong. `width` cuts lines, in characters. */
export function inspectText(document: InspectSummary, width = Infinity): string {
  const lines = [
    ...summary(document),
    "",
    ...(document.foreign ? foreignLines(document.foreign) : processLines(document)),
    ...problemLines(document),
  ];
  return `${lines.map((line) => cut(printable(line), width)).join("\n")}\n`;
}

function summary({
  name,
  engine,
  container,
  criu,
  sizes,
  layers,
  mounts,
  foreign,
}: InspectSummary): readonly string[] {
  const rows: readonly (readonly [label: string, value: string | undefined])[] = [
    ["Engine", engine],
    ["Container", [container.name, container.id?.slice(0, 12)].filter(isText).join("  ")],
    ["Image", container.image],
    ["Runtime", container.runtime],
    ["Pod", [container.namespace, container.pod].filter(isText).join("/")],
    ["Host name", container.hostname],
    ["Address", addressesOf(container).join(", ")],
    ["Created", container.created],
    ["Frozen", container.checkpointed ?? dateOfImages(criu)],
    ["CRIU", foreign ? undefined : criuLine(criu)],
    ["Dump", statisticsLine(criu.statistics)],
    ["Sizes", foreign ? undefined : sizesLine(sizes)],
    ["Layers", layers.length > 1 ? layers.map((layer) => layer.folder).join(" → ") : undefined],
    ["Mounts", mounts.length > 0 ? String(mounts.length) : undefined],
  ];
  return [
    name,
    ...rows
      .filter((row): row is readonly [string, string] => isText(row[1]))
      .map(([label, value]) => `  ${label.padEnd(10)} ${value}`),
  ];
}

const processLines = ({ processes }: InspectSummary): readonly string[] => [
  `Processes (${processes.length})`,
  ...processTable(processes),
];

/** What a snapshot that CRIU didn't make says of itself, and its files: their bytes are all else there is. */
function foreignLines({ facts, containers, files }: ForeignPart): readonly string[] {
  const width = Math.max(...facts.map(({ label }) => label.length));
  return [
    "Snapshot",
    ...facts.map(({ label, value }) => `  ${label.padEnd(width)}  ${value}`),
    ...(containers.length > 0 ? [`  ${"Names".padEnd(width)}  ${containers.join(", ")}`] : []),
    "",
    `Files (${files.length}), as bytes: cryoscope cat, or the hex view of the editor`,
    ...files.map(({ path, size }) => `  ${path}  ${showSize(size)}`),
  ];
}

/** Addresses in the engine's networks, without their prefix lengths. */
const addressesOf = ({ networks }: InspectDocument["container"]): readonly string[] =>
  networks.flatMap(({ interfaces }) =>
    interfaces.flatMap(({ address, mac }) =>
      address === undefined ? [] : [[address.replace(/\/.*/, ""), mac].filter(isText).join(" ")],
    ),
  );

function sizesLine({ images, pages, gpuPages, rootDifference }: InspectDocument["sizes"]): string {
  return [
    `images ${showSize(images)}`,
    `memory ${showSize(pages)}`,
    gpuPages === 0 ? undefined : `GPU memory ${showSize(gpuPages)}`,
    rootDifference === undefined ? undefined : `root file system ${showSize(rootDifference)}`,
  ]
    .filter(isText)
    .join(", ");
}

/** No image says when it was made. */
const dateOfImages = ({ written }: InspectDocument["criu"]): string | undefined =>
  written === undefined ? undefined : `${new Date(written).toISOString()} (date of inventory.img)`;

type ForeignPart = NonNullable<InspectDocument["foreign"]>;

const isText = (value: string | undefined): value is string => value !== undefined && value !== "";

function criuLine(criu: InspectDocument["criu"]): string {
  return [
    criu.version,
    criu.imageVersion === undefined ? "image format unknown" : `image format ${criu.imageVersion}`,
    criu.architecture,
    criu.sealed ? "sealed" : undefined,
  ]
    .filter(isText)
    .join(", ");
}

function statisticsLine(statistics: InspectDocument["criu"]["statistics"]): string | undefined {
  if (statistics === undefined) return undefined;
  const { frozenTime, pagesScanned, pagesWritten } = statistics;
  return `frozen for ${(frozenTime / 1000).toFixed(1)} ms, ${pagesWritten} of ${pagesScanned} pages written`;
}

/** Rows in the order of a walk through the tree, children under their parent. */
function processTable(processes: readonly SummaryProcess[]): readonly string[] {
  const byPid = new Map(processes.map((process) => [process.pid, process]));
  const isChild = new Set(processes.flatMap((process) => process.children));
  const rows: (readonly [pid: string, user: string, threads: string, state: string, command: string])[] = [
    ["PID", "UID", "THR", "STATE", "COMMAND"],
  ];
  // A stack of its own: a chain of thousands of parents must not exhaust the engine's.
  const waiting = processes
    .filter((process) => !isChild.has(process.pid))
    .map((process) => ({ process, lead: "", branch: "" }))
    .reverse();
  for (let item = waiting.pop(); item !== undefined; item = waiting.pop()) {
    const { process, lead, branch } = item;
    rows.push([
      String(process.pid),
      String(process.uid ?? "-"),
      String(process.threads.length),
      stateOf(process),
      `${lead}${branch}${commandOf(process)}`,
    ]);
    const below = branch === "" ? lead : `${lead}${branch === "└─ " ? "   " : "│  "}`;
    const children = process.children.map((pid) => byPid.get(pid)).filter((child) => child !== undefined);
    children.forEach((_, index) => {
      const child = children[children.length - 1 - index];
      if (child) waiting.push({ process: child, lead: below, branch: index === 0 ? "└─ " : "├─ " });
    });
  }
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map(
    ([pid, user, threads, state, command]) =>
      `  ${pid.padStart(widths[0] ?? 0)}  ${user.padStart(widths[1] ?? 0)}  ${threads.padStart(widths[2] ?? 0)}  ${state.padEnd(widths[3] ?? 0)}  ${command}`,
  );
}

function stateOf({ state, exit }: SummaryProcess): string {
  if (exit?.signal !== undefined) return `${state}, signal ${exit.signal}`;
  return exit?.code === undefined ? state : `${state}, exit ${exit.code}`;
}

/** The command line as ps shows it; the name in brackets where there is none. */
const commandOf = ({ comm, cmdline }: SummaryProcess): string =>
  cmdline.length > 0 ? cmdline.join(" ") : `[${comm}]`;

function problemLines({ problems }: InspectSummary): readonly string[] {
  if (problems.length === 0) return [];
  return [
    "",
    `Problems (${problems.length})`,
    ...problems.map(({ severity, file, offset, message }) => {
      const place = [file, offset === undefined ? undefined : `byte ${offset}`].filter(isText).join(" at ");
      return `  ${severity}: ${place === "" ? "" : `${place}: `}${message}`;
    }),
  ];
}

const cut = (line: string, width: number): string =>
  line.length > width ? `${line.slice(0, width - 1)}…` : line;
