// debug: plans for live sessions, and the debug adapter for post-mortem ones. It takes of engine its types only: the engines are loaded apart.
export { attachPlan, restoreForDebugging } from "./liveSession.ts";
export type { LiveSession, LiveWork } from "./liveSession.ts";
export { nodeAttachConfiguration, planNodeAttach } from "./livePlan.ts";
export type { InspectorAddress, NodeAttachConfiguration, NodePlan } from "./livePlan.ts";
export { parseTargets, waitForInspector } from "./inspectorProbe.ts";
export type { Inspector, InspectorTarget, WaitOptions } from "./inspectorProbe.ts";
export { inspectorBinding } from "./inspectFlag.ts";
export type { InspectorBinding } from "./inspectFlag.ts";
export { liveErrors } from "./errors.ts";
