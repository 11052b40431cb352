// debug: plans for live sessions, and the debug adapter for post-mortem ones. It takes of engine its types only: the engines are loaded apart.
export { attachPlan, restoreForDebugging } from "./live-session.ts";
export type { LiveSession, LiveWork } from "./live-session.ts";
export { nodeAttachConfiguration, planNodeAttach } from "./live-plan.ts";
export type { InspectorAddress, NodeAttachConfiguration, NodePlan } from "./live-plan.ts";
export { parseTargets, waitForInspector } from "./inspector-probe.ts";
export type { Inspector, InspectorTarget, WaitOptions } from "./inspector-probe.ts";
export { inspectorBinding } from "./inspect-flag.ts";
export type { InspectorBinding } from "./inspect-flag.ts";
export { liveErrors } from "./errors.ts";
export {
  FrozenTarget,
  frameName,
  frameSource,
  frameVariables,
  PostmortemSession,
  postmortemErrors,
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
