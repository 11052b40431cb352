// memory: one process's address space over VMAs, pagemaps, pages, layers and files; search, strings and secrets in it.
export { openMemory } from "./checkpoint-memory.ts";
export type { CheckpointMemory, MemoryOptions } from "./checkpoint-memory.ts";
export { MAX_READ } from "./space/address-space.ts";
export type { AddressSpace, MemoryPiece, Region } from "./space/address-space.ts";
export type { Area, Backing } from "./space/areas.ts";
export type { Run, Where } from "./space/runs.ts";
export { originLabel, sameOrigin, UNAVAILABLE } from "./origin.ts";
export type { FileOrigin, PageOrigin, Unavailable } from "./origin.ts";
export type { BackingFiles, FoundFile, NoFile } from "./files/backing.ts";
export type { MappedFile } from "./files/reg-files.ts";
export { readBuildId, readElfHeader } from "./files/elf.ts";
export type { ElfHeader, Segment } from "./files/elf.ts";
export { memoryErrors } from "./errors.ts";
