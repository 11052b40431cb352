// debug: plans for live sessions, and the debug adapter for post-mortem ones. It takes of engine its types only: the engines are loaded apart.
export { attachTo, endForRewind, IN_HANDLER, restoreForDebugging, wakeForDebugging } from "./live-session.ts";
export type { LiveSession, LiveWork } from "./live-session.ts";
export { liveOptions } from "./live-options.ts";
export type { LiveOptions } from "./live-options.ts";
export { bisect, verdictOf } from "./bisect.ts";
export type { BisectOptions, BisectResult, Verdict } from "./bisect.ts";
export { bisectFrozen } from "./bisect-frozen.ts";
export type { BisectFrozenOptions, FrozenBisectResult, OpenFrozen } from "./bisect-frozen.ts";
export { inMemory, isTrue } from "./frozen-conditions.ts";
export type { Condition, ConditionOptions } from "./frozen-conditions.ts";
export { bisectSnapshots } from "./bisect-snapshots.ts";
export type { BisectCommand, BisectRow } from "./bisect-snapshots.ts";
export { holdContainer, letGoOf } from "./hold.ts";
export type { LetGo } from "./hold.ts";
export { onEntry, stopOf, thenPause } from "./entry-stop.ts";
export { giveBack, isOurs } from "./leftovers.ts";
export type { GivenBack, Leftover, Note, Strike } from "./leftovers.ts";
export { LeftoverRecords } from "./leftover-records.ts";
export { processIdentity, stillRuns } from "./process-identity.ts";
export { freezerOf, thaw } from "./freezer.ts";
export { jsonPlace } from "./json-place.ts";
export type { JsonPlace } from "./json-place.ts";
export { peerOwner } from "./peer-owner.ts";
export { Resources } from "./resources.ts";
export { coreOpening } from "./core-debuggers.ts";
export type { CoreOpening, CoreToOpen } from "./core-debuggers.ts";
export { debuggersHere, majorVersion } from "./here.ts";
export type { DebuggersHere } from "./here.ts";
export { isIn, programsOf } from "./programs.ts";
export type { Program } from "./programs.ts";
export { chooseProgram, RUNTIMES } from "./runtimes/index.ts";
export { NATIVE_DEBUGGERS } from "./runtimes/native.ts";
export { adapterPort, debugpyPort, parseEquipment } from "./runtimes/python.ts";
export { jdwpAddress } from "./runtimes/java.ts";
export { isGo } from "./runtimes/go.ts";
export { OWN_TYPE } from "./runtimes/runtime.ts";
export type {
  Adapter,
  Attachment,
  DebugConfiguration,
  Runtime,
  RuntimeId,
  Target,
} from "./runtimes/runtime.ts";
export { openRelay } from "./relay.ts";
export type { Relay } from "./relay.ts";
export { pathMappings, toLocal } from "./source-map.ts";
export type { MappingSources, PathMapping } from "./source-map.ts";
export { assertNoneStopped, clearStops, continueProcesses, isStopped, leaveToTracer } from "./stopped.ts";
export { stoppedCopy } from "./stopped-copy.ts";
export { inspectIfThere, whatStays } from "./what-stays.ts";
export { nodeAttachConfiguration, waysIn } from "./live-plan.ts";
export type { InspectorAddress, NodeAttachConfiguration } from "./live-plan.ts";
export { parseTargets, waitForInspector } from "./inspector-probe.ts";
export type { Inspector, InspectorTarget, WaitOptions } from "./inspector-probe.ts";
export { inspectorBinding, signalBinding } from "./inspect-flag.ts";
export type { InspectorBinding } from "./inspect-flag.ts";
export { bisectErrors } from "./bisect-errors.ts";
export { liveErrors } from "./errors.ts";
export {
  crowdedText,
  FrozenTarget,
  frameName,
  frameSource,
  frameVariables,
  PostmortemSession,
  postmortemErrors,
  parseReference,
  STACK_END,
  stackLabels,
  pythonRows,
} from "./postmortem/index.ts";
export type {
  FrozenFrame,
  FrozenThread,
  FrozenVariable,
  OpenedCheckpoint,
  OpenForSession,
  PostmortemConfiguration,
} from "./postmortem/index.ts";
