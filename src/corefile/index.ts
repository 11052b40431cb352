// corefile: frozen processes as ELF core files, for gdb, lldb and their kin.
export { writeCore } from "./write-core.ts";
export type { CoreOptions, CoreSink, CoreSummary } from "./write-core.ts";
export { openFileSink } from "./file-sink.ts";
export type { FileSink } from "./file-sink.ts";
export { corefileErrors } from "./errors.ts";
