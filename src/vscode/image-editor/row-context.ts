/** The path in what a context menu gives: the merged `data-vscode-context` of the row and its page. */
export function pathOf(given: unknown): string | undefined {
  if (typeof given !== "object" || given === null || !("path" in given)) return undefined;
  return typeof given.path === "string" ? given.path : undefined;
}
