// analysis: questions about a checkpoint with typed tables as answers.
export { findFindings, findingsOf, RULES } from "./findings/index.ts";
export type { Finding, FindingPlace, FindingRule } from "./findings/index.ts";
