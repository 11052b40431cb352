// postmortem: a debug adapter over frozen processes, in which nothing runs.
export { PostmortemSession } from "./session.ts";
export type { OpenedCheckpoint, OpenForSession } from "./session.ts";
export type { PostmortemConfiguration } from "./configuration.ts";
export { holds, isUnknown, parseComparison } from "./comparison.ts";
export type { Comparison } from "./comparison.ts";
export { postmortemErrors } from "./errors.ts";
export { parseReference } from "./memory-reference.ts";
export { FrozenTarget } from "./target.ts";
export type { FrozenFrame, FrozenThread } from "./target.ts";
export { frameName, frameSource } from "./scopes/frame.ts";
export { frameVariables } from "./values/frame-values.ts";
export { crowdedText } from "./other-files.ts";
export { STACK_END, stackLabels } from "./stack-end.ts";
export { pythonRows } from "./python.ts";
export type { Variable as FrozenVariable } from "./variable.ts";
