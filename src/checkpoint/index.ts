// checkpoint: what the images mean together: processes, threads, files, memory maps, mounts of one frozen container.
export { openCheckpoint } from "./open.ts";
export type { OpenOptions } from "./open.ts";
export type { Checkpoint } from "./checkpoint.ts";
export type { Configuration, Container } from "./container.ts";
export type { CriuInfo, DumpStatistics, RestoreStatistics } from "./criu-info.ts";
export type { Engine, EngineId } from "./engine-detect.ts";
export type { FileOwner, OpenFile } from "./files/open-files.ts";
export type { SealedLayer, SealFor } from "./layers.ts";
export type { Mapping, MappingKind } from "./memory-map.ts";
export type { Mount } from "./mounts.ts";
export type { Process, ProcessExit, ProcessPaths, ProcessState } from "./processes.ts";
export type { Content, ContentPiece, ImageContent, PagesContent } from "./content.ts";
export type {
  CgroupController,
  CgroupFolder,
  CgroupMember,
  CgroupProperty,
  Cgroups,
  CgroupSet,
} from "./cgroups.ts";
export type { ContainerInterface, ContainerNetwork } from "./container-network.ts";
export type { Foreign } from "./foreign.ts";
export type { MappingUse } from "./memory-use.ts";
export type { LogLine, LogSummary } from "./log.ts";
export type { CheckpointSizes } from "./sizes.ts";
export type { Versions } from "./versions.ts";
export type { FileLock } from "./file-locks.ts";
export * from "./files/index.ts";
export { mountTrees } from "./mounts.ts";
export type { MountNode } from "./mounts.ts";
export * from "./namespaces/index.ts";
export * from "./process/index.ts";
export type { Part } from "./problems.ts";
export { openInLayer, pathInLayer } from "./layers.ts";
export type { Layer } from "./layers.ts";
export { listLayerFiles } from "./images.ts";
export type { LayerFile } from "./images.ts";
export { readPages } from "./pages.ts";
export type { MemoryPiece } from "./pages.ts";
export * from "./pages/index.ts";
export { locateImages } from "./locate.ts";
export { checkpointErrors } from "./errors.ts";
