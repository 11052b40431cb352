import { archiveBench } from "./archive.ts";

export const bench = archiveBench("none", 20, 5);
