// corefile: frozen processes as ELF core files, for gdb, lldb and their kin; ELF and DWARF read, stacks walked.
export { writeCore } from "./write-core.ts";
export type { CoreOptions, CoreSink, CoreSummary } from "./write-core.ts";
export { openFileSink } from "./file-sink.ts";
export type { FileSink } from "./file-sink.ts";
export { corefileErrors } from "./errors.ts";
export { elfErrors } from "./elf/errors.ts";
export type { ElfSymbol, Symbols } from "./elf/symbols.ts";
export { loadedModules } from "./unwind/loaded-modules.ts";
export type { LoadedModule, LoadedModules } from "./unwind/loaded-modules.ts";
export { walkStack } from "./unwind/walk.ts";
export type { WalkOptions } from "./unwind/walk.ts";
export type { FoundBy, Frame, Stack, StackEnd } from "./unwind/frame.ts";
export type { SourceLine } from "./dwarf/lines.ts";
export { listCode } from "./disassembly/listing.ts";
export type { ListingOptions, ListingRow } from "./disassembly/listing.ts";
export { disassemblerFor } from "./disassembly/capstone.ts";
export type { Code, Disassembler, Instruction } from "./disassembly/capstone.ts";
