import { archiveBench } from "./archive.ts";

export const bench = archiveBench("gzip", 1, 2);
