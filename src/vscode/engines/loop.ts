// Freezing again and again, for debugging loops: every N seconds, at each breakpoint, when a test task fails.
import * as vscode from "vscode";
import type { Container, Engine } from "../../engine/index.ts";
import { showError } from "../messages.ts";
import type { Catalog } from "../snapshots/index.ts";
import { freezeQuietly, proposedName } from "./freeze.ts";

/** What makes a container be frozen again. */
export type Trigger =
  | { readonly on: "time"; readonly seconds: number }
  | { readonly on: "log"; readonly pattern: string }
  | { readonly on: "breakpoint" }
  | { readonly on: "failedTask" };

/** The loops that run, one a container, with an item in the status bar that ends them. */
export class FreezeLoops implements vscode.Disposable {
  private readonly running = new Map<string, vscode.Disposable>();
  private readonly item = vscode.window.createStatusBarItem(
    "cryoscope.loops",
    vscode.StatusBarAlignment.Left,
  );

  constructor(private readonly catalog: Catalog) {
    this.item.name = "Cryoscope: Freezing Loops";
    this.item.command = "cryoscope.stopFreezeLoops";
  }

  /** Freezes the container, which goes on running, whenever the trigger says; ends with the first failure. */
  start(engine: Engine, container: Container, trigger: Trigger): void {
    const key = `${engine.endpoint} ${container.id}`;
    this.running.get(key)?.dispose();
    let busy = false;
    const once = async (): Promise<void> => {
      // A freeze that takes longer than the interval is not overtaken by the next.
      if (busy) return;
      busy = true;
      try {
        const choice = { name: proposedName(container.name, new Date()), leaveRunning: true };
        await freezeQuietly(engine, container, choice, this.catalog);
      } catch (error) {
        this.stop(key);
        void showError(error);
      } finally {
        busy = false;
      }
    };
    this.running.set(
      key,
      triggered(trigger, engine, container, () => void once()),
    );
    this.tell();
  }

  stopAll(): void {
    for (const key of [...this.running.keys()]) this.stop(key);
  }

  dispose(): void {
    this.stopAll();
    this.item.dispose();
  }

  private stop(key: string): void {
    this.running.get(key)?.dispose();
    this.running.delete(key);
    this.tell();
  }

  private tell(): void {
    const { size } = this.running;
    this.item.text = `$(sync~spin) Freezing ${size === 1 ? "a container" : `${size} containers`}`;
    this.item.tooltip = "Snapshots are made again and again. Click to stop.";
    if (size > 0) this.item.show();
    else this.item.hide();
  }
}

function triggered(
  trigger: Trigger,
  engine: Engine,
  container: Container,
  fire: () => void,
): vscode.Disposable {
  switch (trigger.on) {
    case "log":
      return watchLog(engine, container, trigger.pattern, fire);
    case "time": {
      const timer = setInterval(fire, Math.max(1, trigger.seconds) * 1000);
      return new vscode.Disposable(() => {
        clearInterval(timer);
      });
    }
    case "breakpoint":
      return vscode.debug.registerDebugAdapterTrackerFactory("*", {
        createDebugAdapterTracker: () => ({
          onDidSendMessage: (message: unknown) => {
            if (isBreakpoint(message)) fire();
          },
        }),
      });
    case "failedTask":
      return vscode.tasks.onDidEndTaskProcess(({ execution, exitCode }) => {
        const isTest = execution.task.group?.id === vscode.TaskGroup.Test.id;
        if (isTest && exitCode !== undefined && exitCode !== 0) fire();
      });
  }
}

/** Fires for each line that holds the words; which are no regular expression, so that none can be made to hang. */
function watchLog(engine: Engine, container: Container, words: string, fire: () => void): vscode.Disposable {
  const leave = new AbortController();
  const watch = async (): Promise<void> => {
    for await (const line of engine.follow?.(container.id, { signal: leave.signal }) ?? [])
      if (line.includes(words)) fire();
  };
  watch().catch((error: unknown) => {
    if (!leave.signal.aborted) void showError(error);
  });
  return new vscode.Disposable(() => {
    leave.abort();
  });
}

/** A `stopped` event of the debug adapter protocol that a breakpoint caused. */
function isBreakpoint(message: unknown): boolean {
  if (typeof message !== "object" || message === null || !("event" in message)) return false;
  if (message.event !== "stopped" || !("body" in message)) return false;
  const { body } = message;
  return (
    typeof body === "object" &&
    body !== null &&
    "reason" in body &&
    typeof body.reason === "string" &&
    /breakpoint/.test(body.reason)
  );
}

/** Asks what makes the container be frozen again; undefined when the user turns away. */
export async function askForTrigger(engine: Engine, container: Container): Promise<Trigger | undefined> {
  const title = `Freeze ${container.name} Again and Again`;
  const pick = await vscode.window.showQuickPick(
    [
      { label: "$(clock) Every N seconds", on: "time" as const },
      ...(engine.follow ? [{ label: "$(output) When its output says…", on: "log" as const }] : []),
      { label: "$(debug-breakpoint) At each breakpoint", on: "breakpoint" as const },
      { label: "$(beaker) When a test task fails", on: "failedTask" as const },
    ],
    { title, placeHolder: "When? It goes on running." },
  );
  if (!pick) return undefined;
  if (pick.on === "log") {
    const pattern = await vscode.window.showInputBox({
      title,
      prompt: "Words that a line of its output holds",
      ignoreFocusOut: true,
    });
    return pattern === undefined || pattern === "" ? undefined : { on: "log", pattern };
  }
  if (pick.on !== "time") return { on: pick.on };
  const seconds = await vscode.window.showInputBox({
    title,
    prompt: "Seconds between two snapshots",
    ignoreFocusOut: true,
    value: "30",
    validateInput: (text) => (/^[1-9]\d{0,5}$/.test(text) ? undefined : "A whole number of seconds."),
  });
  return seconds === undefined ? undefined : { on: "time", seconds: Number(seconds) };
}
