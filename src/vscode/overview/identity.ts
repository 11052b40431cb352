import { listLayerFiles } from "../../checkpoint/index.ts";
import type { Checkpoint } from "../../checkpoint/index.ts";
import { showSize } from "../../criu/index.ts";
import type { OverviewFact, OverviewTiming } from "../../protocol/index.ts";

type Line = readonly [label: string, value: string | undefined];

const facts = (lines: readonly Line[]): readonly OverviewFact[] =>
  lines.flatMap(([label, value]) => (value === undefined || value === "" ? [] : [{ label, value }]));

/** Ids of containers are 64 digits; engines show the first twelve. */
const shortId = (id: string | undefined): string | undefined =>
  id !== undefined && /^[0-9a-f]{64}$/.test(id) ? id.slice(0, 12) : id;

/** RFC 3339 to the second, as people read it; other text as it is. */
const timeText = (time: string | undefined): string | undefined =>
  time?.replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z$/, "$1 $2 UTC");

/** CRIU's names of machines and security modules, as people write them; "" for what need not be said. */
const WORDS: Readonly<Record<string, string>> = {
  X86_64: "x86-64",
  AARCH64: "AArch64",
  ARM: "Arm",
  PPC64: "POWER, 64 bits",
  S390: "s390x",
  MIPS: "MIPS",
  LOONGARCH64: "LoongArch, 64 bits",
  RISCV64: "RISC-V, 64 bits",
  NO_LSM: "",
  SELINUX: "SELinux",
  APPARMOR: "AppArmor",
};

const wordFor = (name: string | undefined): string | undefined =>
  name === undefined ? undefined : (WORDS[name] ?? name);

/** Who and what was frozen, when and by whom. */
export function identityFacts({ container, criu, engine, layers }: Checkpoint): readonly OverviewFact[] {
  const { checkpointed } = container;
  const written = criu.written === undefined ? undefined : new Date(criu.written).toISOString();
  return facts([
    ["Engine", `${engine.label}, as ${engine.evidence}`],
    ["Container", [container.name, shortId(container.id)].filter((each) => each !== undefined).join(" · ")],
    ["Pod", [container.namespace, container.pod].filter((each) => each !== undefined).join(" / ")],
    ["Container image", container.image],
    ["Runtime", container.runtime],
    ["Host name", container.hostname],
    ["Created", timeText(container.created)],
    ["Frozen", timeText(checkpointed)],
    // No image says when it was made.
    ["Date of images", checkpointed === undefined ? timeText(written) : undefined],
    ["CRIU", criu.version],
    ["Architecture", wordFor(criu.architecture)],
    ["Security module", wordFor(criu.lsm)],
    ["Layers", layers.length > 1 ? `${layers.length}, incremental` : undefined],
    ["Sealed", criu.sealed ? "yes" : undefined],
  ]);
}

/** What a snapshot that CRIU didn't make says of itself, and its files, each of which opens as bytes. */
export function snapshotFacts({ foreign, layers }: Checkpoint): readonly OverviewFact[] {
  if (foreign === undefined) return [];
  const files = layers.flatMap(listLayerFiles).map(({ name, path, size }): OverviewFact => ({
    label: "File",
    value: `${name}, ${showSize(size)}`,
    target: { kind: "file", path },
  }));
  return [...foreign.facts.filter(({ label }) => label !== "File"), ...files];
}

/** Phases of the dump, as CRIU measured them. */
export function dumpTimings({ criu: { statistics } }: Checkpoint): readonly OverviewTiming[] {
  if (statistics === undefined) return [];
  return [
    { label: "Freezing", microseconds: statistics.freezingTime },
    { label: "Frozen", microseconds: statistics.frozenTime },
    { label: "Reading memory", microseconds: statistics.memdumpTime },
    { label: "Writing memory", microseconds: statistics.memwriteTime },
  ];
}

/** Pages that the dump counted. */
export function pageFacts({ criu: { statistics } }: Checkpoint): readonly OverviewFact[] {
  if (statistics === undefined) return [];
  const { pagesScanned, pagesWritten, pagesSkippedParent, pagesLazy } = statistics;
  const some = (count: bigint): string | undefined => (count === 0n ? undefined : String(count));
  return facts([
    ["Pages scanned", String(pagesScanned)],
    ["Pages written", String(pagesWritten)],
    ["In the parent", some(pagesSkippedParent)],
    ["Lazy", some(pagesLazy)],
  ]);
}
