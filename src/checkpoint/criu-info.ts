import type { MessageMap } from "../criu/index.ts";
import type { Layer } from "./layers.ts";
import { enumName } from "./names.ts";
import type { Report } from "./problems.ts";
import { readRecordsAt } from "./records.ts";
import { findSidecar } from "./sidecar.ts";

/** Microseconds and pages, from `stats-dump` (`images/stats.proto`). */
export interface DumpStatistics {
  readonly freezingTime: number;
  readonly frozenTime: number;
  readonly memdumpTime: number;
  readonly memwriteTime: number;
  readonly pagesScanned: bigint;
  readonly pagesWritten: bigint;
  readonly pagesSkippedParent: bigint;
  readonly pagesLazy: bigint;
  /** Finding files by their inode, microseconds. */
  readonly irmapResolveTime?: number;
  readonly pagePipes?: bigint;
  readonly pagePipeBuffers?: bigint;
  readonly sharedPagesScanned?: bigint;
  readonly sharedPagesSkippedParent?: bigint;
  readonly sharedPagesWritten?: bigint;
}

/** Microseconds and pages, from `stats-restore`. */
export interface RestoreStatistics {
  readonly forkingTime: number;
  readonly restoreTime: number;
  readonly pagesCompared: bigint;
  readonly pagesSkippedCopyOnWrite: bigint;
  readonly pagesRestored?: bigint;
}

export interface CriuInfo {
  /** 1, 2 or 3; undefined without a readable inventory.img. */
  readonly imageVersion: number | undefined;
  /** From dump.log or the annotations of the container image, where there are any: `4.2`. */
  readonly version: string | undefined;
  readonly runId: string | undefined;
  readonly plugins: readonly string[];
  /** `NO_LSM`, `SELINUX`, `APPARMOR`. */
  readonly lsm: string | undefined;
  /** `X86_64`, `AARCH64` … of the first process. */
  readonly architecture: string | undefined;
  /** When inventory.img was written by the archive's or folder's clock, milliseconds since 1970. */
  readonly written: number | undefined;
  readonly statistics: DumpStatistics | undefined;
  /** Of a restore from these images, where CRIU left its statistics among them. */
  readonly restore: RestoreStatistics | undefined;
  /** How long the machine was up when it was dumped, microseconds. */
  readonly uptime: bigint | undefined;
  readonly sealed: boolean;
}

/** What the images say about the dump itself. `machine` is `core_entry.mtype` of any process. */
export async function readCriuInfo(
  layer: Layer,
  inventory: MessageMap["inventory_entry"] | undefined,
  machine: number | undefined,
  version: string | undefined,
  report: Report,
): Promise<CriuInfo> {
  return {
    imageVersion: inventory?.img_version,
    version,
    uptime: inventory?.dump_uptime,
    runId: inventory?.dump_criu_run_id,
    plugins: inventory?.plugins_entry?.plugins ?? [],
    lsm: inventory?.lsmtype === undefined ? undefined : enumName("lsmtype", inventory.lsmtype),
    architecture: machine === undefined ? undefined : enumName("core_entry.march", machine),
    written: layer.files.get("inventory.img")?.mtime,
    statistics: await readStatistics(layer, report),
    restore: await readRestoreStatistics(layer, report),
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
      ...(stats.irmap_resolve !== undefined && { irmapResolveTime: stats.irmap_resolve }),
      ...(stats.page_pipes !== undefined && { pagePipes: stats.page_pipes }),
      ...(stats.page_pipe_bufs !== undefined && { pagePipeBuffers: stats.page_pipe_bufs }),
      ...(stats.shpages_scanned !== undefined && { sharedPagesScanned: stats.shpages_scanned }),
      ...(stats.shpages_skipped_parent !== undefined && {
        sharedPagesSkippedParent: stats.shpages_skipped_parent,
      }),
      ...(stats.shpages_written !== undefined && { sharedPagesWritten: stats.shpages_written }),
    }
  );
}

/** stats-restore, where a restore left one there. */
async function readRestoreStatistics(layer: Layer, report: Report): Promise<RestoreStatistics | undefined> {
  const path = await findSidecar(layer.tree, layer.folder, "stats-restore", 1);
  if (path === undefined) return undefined;
  const [entry] = await readRecordsAt(layer.tree, path, undefined, "stats_entry", report, 1);
  const stats = entry?.restore;
  return (
    stats && {
      forkingTime: stats.forking_time,
      restoreTime: stats.restore_time,
      pagesCompared: stats.pages_compared,
      pagesSkippedCopyOnWrite: stats.pages_skipped_cow,
      ...(stats.pages_restored !== undefined && { pagesRestored: stats.pages_restored }),
    }
  );
}
