// analysis: questions about a checkpoint with typed tables as answers.
export { findFindings, findingsOf, RULES } from "./findings/index.ts";
export type { Finding, FindingPlace, FindingRule } from "./findings/index.ts";
export { openHeap, usableSize } from "./heap/heap.ts";
export type { ChunkState, HeapChunk, MallocHeap } from "./heap/heap.ts";
export type { Arena, HeapRange } from "./heap/arenas.ts";
export { keepsHistory, readHistory } from "./history/history.ts";
export type { HistoryLine } from "./history/history.ts";
