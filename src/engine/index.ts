// engine: talking to Docker, Podman and others: list, checkpoint, restore. It hands back archives and knows no image format.
export type {
  Holding,
  Advice,
  Capability,
  CheckpointOptions,
  CheckpointResult,
  CheckpointSwitch,
  CheckpointSwitches,
  Container,
  ContainerDetails,
  ContainerState,
  Engine,
  EngineCapabilities,
  EngineProgress,
  EngineWork,
  Mount,
  PublishedPort,
  Readable,
  RestoreOptions,
  RestoreResult,
} from "./engine.ts";
export type { ExecOptions, Execution } from "./exec.ts";
export { startLocal } from "./local-process.ts";
export type { StartCommand } from "./local-process.ts";
export { localCommands } from "./run-command.ts";
export type { RunCommand, RunOptions, RunResult } from "./run-command.ts";
export { asRoot } from "./as-root.ts";
export type { AsRoot } from "./as-root.ts";
export { isOnPath, thisMachine } from "./machine.ts";
export type { Machine } from "./program-driver.ts";
export { connectEngine } from "./connect.ts";
export type { ConnectOptions } from "./connect.ts";
export { discoverEngines } from "./discover.ts";
export type { DiscoveredEngine, DiscoverOptions } from "./discover.ts";
export { isReference, sealedAs } from "./snapshots.ts";
export { parseSnapshot } from "./snapshot.ts";
export type { SavedCheckpoint, Snapshot, SnapshotNeed } from "./snapshot.ts";
export { CRIU_CAUSES } from "./criu-causes.ts";
export type { CriuCause } from "./criu-causes.ts";
export { engineErrors } from "./errors.ts";
export { errorLines, explainCriuLog } from "./criu-log.ts";
export type { CriuFailure, ErrorLine } from "./criu-log.ts";
export { preflight } from "./preflight/preflight.ts";
export type { PreflightOptions, PreflightRow } from "./preflight/preflight.ts";
export { freezeAll } from "./freeze-all.ts";
export type { FreezeOutcome } from "./freeze-all.ts";
export { exportEvidence, evidenceOf } from "./evidence.ts";
export type { Evidence } from "./evidence.ts";
export { readCatalog, removeFiles, sweepDrafts, writeCatalog } from "./catalog-file.ts";
export type { CatalogContent } from "./catalog-file.ts";
export { chains, overdue } from "./retention.ts";
export type { ChainNode, Retention } from "./retention.ts";
export { whatRuns } from "./what-runs.ts";
export type { WhatRuns } from "./what-runs.ts";
export { foldCriuLog } from "./criu-log-folding.ts";
export type { LogFolding } from "./criu-log-folding.ts";
export { writeWhole } from "./files.ts";
