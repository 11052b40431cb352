import * as vscode from "vscode";

/** Which of the debuggers below our sessions hold their process just now, by what they and the editor say. */
export class Stops {
  private readonly stopped = new Set<string>();

  /** Whether the session's debugger, or one below it, holds its process. */
  has({ id }: vscode.DebugSession): boolean {
    return this.stopped.has(id);
  }

  register(isBelow: (session: vscode.DebugSession) => boolean): vscode.Disposable {
    return vscode.debug.registerDebugAdapterTrackerFactory("*", {
      createDebugAdapterTracker: (session) => (isBelow(session) ? this.tracker(session.id) : undefined),
    });
  }

  private tracker(id: string): vscode.DebugAdapterTracker {
    return {
      onDidSendMessage: (message: unknown) => {
        const now = heldAfter(message);
        if (now === true) this.stopped.add(id);
        else if (now === false) this.stopped.delete(id);
      },
      onExit: () => this.stopped.delete(id),
      onWillStopSession: () => this.stopped.delete(id),
    };
  }
}

const GOES_ON: readonly unknown[] = ["continue", "next", "stepIn", "stepOut", "stepBack", "goto"];

/** Whether a process is held after this message of its debugger; undefined when it doesn't tell. */
export function heldAfter(message: unknown): boolean | undefined {
  if (typeof message !== "object" || message === null) return undefined;
  if ("event" in message)
    return message.event === "stopped" ? true : message.event === "continued" ? false : undefined;
  const isAnswer = "command" in message && "success" in message && message.success === true;
  return isAnswer && GOES_ON.includes(message.command) ? false : undefined;
}
