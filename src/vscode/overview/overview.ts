import { findFindings } from "../../analysis/index.ts";
import type { Finding } from "../../analysis/index.ts";
import type { Checkpoint } from "../../checkpoint/index.ts";
import type { Problem } from "../../criu/index.ts";
import type { Overview, OverviewFinding, OverviewProcess, OverviewTarget } from "../../protocol/index.ts";
import { stateText } from "../checkpoint/index.ts";
import { openChannels } from "./channels.ts";
import { dumpTimings, identityFacts, pageFacts, snapshotFacts } from "./identity.ts";
import { frozenMemory } from "./memory.ts";

/** As much as a page can show without being slow; the views have all. */
const MOST = { findings: 300, processes: 2000, channels: 500 } as const;

/** Everything the Overview page shows of a checkpoint. Reads the images of all its processes. Throws when cancelled. */
export async function overviewOf(checkpoint: Checkpoint, signal: AbortSignal): Promise<Overview> {
  const found: Finding[] = [];
  for await (const finding of findFindings(checkpoint, signal)) {
    found.push(finding);
    if (found.length > MOST.findings) break;
  }
  const memory = await frozenMemory(checkpoint, signal);
  const channels = await openChannels(checkpoint);
  const { container, engine, foreign, processes, problems } = checkpoint;
  const findings = [...problems.map(problemLine), ...found.map(findingLine)];
  return {
    title: container.name ?? checkpoint.name,
    subtitle: [
      engine.label,
      container.image ?? checkpoint.name,
      ...(foreign ? [] : [countText(processes.length)]),
    ].join(" · "),
    facts: [...identityFacts(checkpoint), ...snapshotFacts(checkpoint)],
    isForeign: foreign !== undefined,
    findings: findings.slice(0, MOST.findings),
    processes: processes.slice(0, MOST.processes).map((process) => processLine(process, found)),
    memory,
    channels: channels.slice(0, MOST.channels),
    timings: dumpTimings(checkpoint),
    pages: pageFacts(checkpoint),
    notes: [
      ...leftOut("findings", findings.length, MOST.findings),
      ...leftOut("processes", processes.length, MOST.processes),
      ...leftOut("pipes and sockets", channels.length, MOST.channels),
    ],
  };
}

const countText = (count: number): string => (count === 1 ? "1 process" : `${count} processes`);

const leftOut = (what: string, count: number, most: number): readonly string[] =>
  count > most ? [`Only the first ${most} ${what} are shown here.`] : [];

function processLine(process: Checkpoint["processes"][number], found: readonly Finding[]): OverviewProcess {
  const { pid, ppid, comm, cmdline, threadIds } = process;
  const own = found
    .filter(({ place, severity }) => place.pid === pid && severity === "warning")
    .map(({ title }) => title);
  return {
    pid,
    ppid,
    comm,
    cmdline: cmdline.join(" "),
    state: stateText(process),
    threads: threadIds.length,
    findings: [...new Set(own)],
  };
}

function findingLine({ severity, title, detail, place }: Finding): OverviewFinding {
  const target: OverviewTarget =
    place.kind === "mapping" ? { ...place, start: place.start.toString(16) } : place;
  return { severity, title, detail, target };
}

function problemLine({ severity, message, file, offset }: Problem): OverviewFinding {
  const place = [file, offset === undefined ? undefined : `byte ${offset}`].filter(
    (each) => each !== undefined,
  );
  return {
    severity: severity === "error" ? "error" : "warning",
    title: message,
    detail: place.join(", "),
    ...(file !== undefined && { target: { kind: "file", path: file } }),
  };
}
