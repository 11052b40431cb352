/** What a `stopped` event says, as far as it is looked at. */
export interface Stop {
  reason?: unknown;
  description?: unknown;
  text?: unknown;
  readonly threadId?: unknown;
}

/**
 * Makes the first stop of a debugger that was told to stop on entry one on entry, in place: lldb-dap and others tell of the
 * SIGSTOP by which they have attached, and the editor shows any signal as an exception of the program's own.
 */
export function onEntry(): (message: unknown) => void {
  let isFirst = true;
  return (message) => {
    const stop = isFirst ? stopOf(message) : undefined;
    if (stop === undefined) return;
    isFirst = false;
    const said = [stop.description, stop.text].filter((words) => typeof words === "string").join(" ");
    if (stop.reason !== "exception" || !/\bSIGSTOP\b/.test(said)) return;
    stop.reason = "entry";
    stop.description = "Paused on entry";
    delete stop.text;
  };
}

/** Of a `stopped` event what it says; undefined for any other message. */
export function stopOf(message: unknown): Stop | undefined {
  if (typeof message !== "object" || message === null) return undefined;
  if (!("event" in message) || message.event !== "stopped" || !("body" in message)) return undefined;
  return typeof message.body === "object" && message.body !== null ? message.body : undefined;
}

interface Said {
  readonly type?: unknown;
  readonly command?: unknown;
  readonly success?: unknown;
  readonly event?: unknown;
  readonly body?: { readonly reason?: unknown; readonly threadId?: unknown } | null;
}

/**
 * Gives what looks at the messages of a debug adapter, and calls `pause` once: with the first thread that it tells of, as
 * soon as it has been told all that the editor has to say (`configurationDone`). Not when it stops before by itself.
 */
export function thenPause(pause: (threadId: number) => void): (message: unknown) => void {
  let thread: number | undefined;
  let isConfigured = false;
  let isOver = false;
  return (message) => {
    if (isOver || typeof message !== "object" || message === null) return;
    const { type, command, success, event, body } = message as Said;
    if (event === "stopped") isOver = true;
    if (type === "response" && command === "configurationDone") isConfigured = success === true;
    if (event === "thread" && body?.reason === "started" && typeof body.threadId === "number")
      thread ??= body.threadId;
    if (isOver || !isConfigured || thread === undefined) return;
    isOver = true;
    pause(thread);
  };
}
