import type { DebuggersHere } from "../here.ts";

/** The names that lldb's debug adapter has, newest first. */
export const LLDB_DAP: readonly string[] = [
  "lldb-dap",
  ...Array.from({ length: 12 }, (_, index) => `lldb-dap-${28 - index}`),
  "lldb-vscode",
];

/**
 * What the lldb-dap extension is to be told of its adapter: itself it looks for `lldb-dap` alone on PATH, so not for Debian's
 * `lldb-dap-19`, and where there is none it asks in a dialog that holds the session up. Undefined when it would.
 */
export async function extensionAdapter(
  here: DebuggersHere,
): Promise<{ readonly debugAdapterExecutable?: string } | undefined> {
  const own = here.setting("lldb-dap.executable-path");
  if (typeof own === "string" && own !== "") return {};
  const found = await here.find(...LLDB_DAP);
  return found === undefined ? undefined : { debugAdapterExecutable: found };
}

/** A word of lldb's own command language. */
export const lldbWord = (text: string): string => `"${text.replace(/["\\`]/g, "\\$&")}"`;
