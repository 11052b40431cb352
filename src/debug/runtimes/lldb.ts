/** The names that lldb's debug adapter has, newest first. */
export const LLDB_DAP: readonly string[] = [
  "lldb-dap",
  ...Array.from({ length: 12 }, (_, index) => `lldb-dap-${28 - index}`),
  "lldb-vscode",
];

/** A word of lldb's own command language. */
export const lldbWord = (text: string): string => `"${text.replace(/["\\`]/g, "\\$&")}"`;
