// process: what is known of one process and its threads, one file a subject.
export type { AuxiliaryValue } from "./auxiliary.ts";
export type { CapabilitySet, Credentials } from "./credentials.ts";
export { readMm } from "./mm-image.ts";
export type { MmImage } from "./mm-image.ts";
export type { ProcessDetails } from "./details.ts";
export type { Environment, EnvironmentVariable } from "./environment.ts";
export type { MemoryLayout } from "./layout.ts";
export type { Limit } from "./limits.ts";
export type { NamespaceIds, NamespaceKind, SharedIds } from "./namespaces.ts";
export type { Registers } from "./registers.ts";
export type { Scheduling } from "./scheduling.ts";
export type { Seccomp, SeccompFilter } from "./seccomp.ts";
export type { PendingSignal, SignalAction, SignalSet } from "./signals.ts";
export type { Area, Thread } from "./thread.ts";
export type { IntervalTimer, PosixTimer, Timers } from "./timers.ts";
