import type { MessageMap } from "../criu/index.ts";
import type { Layer } from "./layers.ts";
import { enumName } from "./names.ts";
import type { CriuInfo, DumpStatistics } from "./model.ts";
import { orReport } from "./problems.ts";
import type { Report } from "./problems.ts";
import { readRecordsAt } from "./records.ts";
import { findSidecar, readText } from "./sidecar.ts";

/** The log's second line has the version; the rest of a log may be gigabytes. */
const LOG_HEAD = 64 * 1024;

/** What the images say about the dump itself. `machine` is `core_entry.mtype` of any process. */
export async function readCriuInfo(
  layer: Layer,
  inventory: MessageMap["inventory_entry"] | undefined,
  machine: number | undefined,
  report: Report,
): Promise<CriuInfo> {
  return {
    imageVersion: inventory?.img_version,
    version: await readVersion(layer, report),
    runId: inventory?.dump_criu_run_id,
    plugins: inventory?.plugins_entry?.plugins ?? [],
    lsm: inventory?.lsmtype === undefined ? undefined : enumName("lsmtype", inventory.lsmtype),
    architecture: machine === undefined ? undefined : enumName("core_entry.march", machine),
    written: layer.files.get("inventory.img")?.mtime,
    statistics: await readStatistics(layer, report),
    sealed: layer.sealed,
  };
}

/** stats-dump lies among the images or, when an engine ran CRIU with another work directory, beside their folder. */
async function readStatistics(layer: Layer, report: Report): Promise<DumpStatistics | undefined> {
  const path = await findSidecar(layer.tree, layer.folder, "stats-dump", 1);
  if (path === undefined) return undefined;
  const [entry] = await readRecordsAt(layer.tree, path, undefined, "stats_entry", report, 1);
  const stats = entry?.dump;
  return (
    stats && {
      freezingTime: stats.freezing_time,
      frozenTime: stats.frozen_time,
      memdumpTime: stats.memdump_time,
      memwriteTime: stats.memwrite_time,
      pagesScanned: stats.pages_scanned,
      pagesWritten: stats.pages_written,
      pagesSkippedParent: stats.pages_skipped_parent,
      pagesLazy: stats.pages_lazy,
    }
  );
}

/** CRIU's version as its log states it, where the log is at hand: `Version: 4.2.1 (gitid 0)`. */
async function readVersion(layer: Layer, report: Report): Promise<string | undefined> {
  const path = await findSidecar(layer.tree, layer.folder, "dump.log", 1);
  if (path === undefined) return undefined;
  const log = await orReport(report, path, undefined, () => readText(layer.tree, path, LOG_HEAD));
  return /\bVersion: (\S{1,40})/.exec(log ?? "")?.[1];
}
