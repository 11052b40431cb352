import { pagemapBench } from "./pagemap-bench.ts";

export const bench = pagemapBench("varied");
