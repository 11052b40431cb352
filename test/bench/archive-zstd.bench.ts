import { archiveBench } from "./archive.ts";

export const bench = archiveBench("zstd", 1, 2);
