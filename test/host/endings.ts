/**
 * Has `end` (synchronous) run when this process ends, also by Ctrl-C, TERM or HUP. The function given back takes that
 * promise back; call it once the thing has been ended in an orderly way.
 */
export function atProcessEnd(end: () => void): () => void {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  // Without a listener a signal would end the process before its "exit" event.
  const leave = () => process.exit(130);
  process.once("exit", end);
  for (const signal of signals) process.once(signal, leave);
  return () => {
    process.off("exit", end);
    for (const signal of signals) process.off(signal, leave);
  };
}

/** Ends a process group that we started; it may be gone already. */
export function endGroup(pid: number | undefined, signal: "SIGTERM" | "SIGKILL"): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // No such group any more.
  }
}
