// pages: where dumped pages are: pagemaps, layers, pages files, compressed blocks.
export { pageRuns } from "./chain.ts";
export type { LostReason, PageRun, StoredPages } from "./chain.ts";
export { entryAfter, isPlainEntry } from "./pagemap.ts";
export type { Pagemap } from "./pagemap.ts";
export { offsetOf, onceEach, openPageStore } from "./store.ts";
export type { PagesPlace, PageStore } from "./store.ts";
