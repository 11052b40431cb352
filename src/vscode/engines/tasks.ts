// Tasks of the type `cryoscope`: freezing and waking as steps of a build or test.
import * as vscode from "vscode";
import { toCryoscopeError } from "../../bytes/index.ts";
import { progressWords } from "../messages.ts";
import type { Engines } from "./engines.ts";
import { freezeQuietly, proposedName } from "./freeze.ts";
import { assertMayRun } from "../snapshots/index.ts";
import type { Catalog } from "../snapshots/index.ts";

/** What stands in tasks.json; anything else is refused in words. */
interface CryoscopeTask extends vscode.TaskDefinition {
  readonly action?: unknown;
  readonly container?: unknown;
  readonly engine?: unknown;
  readonly name?: unknown;
  readonly leaveRunning?: unknown;
  readonly snapshot?: unknown;
}

export function taskProvider(engines: Engines, catalog: Catalog): vscode.TaskProvider {
  return {
    provideTasks: () => [],
    resolveTask(task) {
      // Of our type, by which VS Code chose this provider.
      const definition = task.definition as CryoscopeTask;
      return new vscode.Task(
        definition,
        task.scope ?? vscode.TaskScope.Workspace,
        task.name,
        "cryoscope",
        new vscode.CustomExecution(() =>
          Promise.resolve(new WorkTerminal((say) => carryOut(definition, engines, catalog, say))),
        ),
      );
    },
  };
}

async function carryOut(
  task: CryoscopeTask,
  engines: Engines,
  catalog: Catalog,
  say: (line: string) => void,
): Promise<boolean> {
  const word = (value: unknown): string => (typeof value === "string" ? value : "");
  if (task.action === "freeze" && word(task.container) !== "") {
    for (const engine of await engines.usable()) {
      const wanted = word(task.engine);
      if (wanted !== "" && wanted !== engine.kind && wanted !== engine.endpoint) continue;
      const container = (await engine.list()).find(
        ({ id, name }) => name === task.container || id === task.container,
      );
      if (!container) continue;
      const name = word(task.name) || proposedName(container.name, new Date());
      const leaveRunning = task.leaveRunning !== false;
      const { snapshot } = await freezeQuietly(engine, container, { name, leaveRunning }, catalog, {
        onProgress: (now) => {
          say(`${now.phase}: ${progressWords(now)}`);
        },
      });
      say(`${container.name} is frozen as ${snapshot.name}.`);
      return true;
    }
    say(`No engine that was found has a container ${word(task.container)}.`);
    return false;
  }
  if (task.action === "wake" && word(task.snapshot) !== "") {
    const snapshot = await catalog.find(word(task.snapshot));
    if (!snapshot) {
      say(`There is no snapshot ${word(task.snapshot)} in this workspace's catalog.`);
      return false;
    }
    await assertMayRun(snapshot);
    const engine = await engines.of(snapshot);
    const { container } = await engine.restore(snapshot, { replace: true });
    await catalog.woken(snapshot);
    engines.refresh();
    say(`${container.name} runs again from ${snapshot.name}.`);
    return true;
  }
  say('Write "action": "freeze" with a "container", or "action": "wake" with a "snapshot".');
  return false;
}

/** A terminal that shows the lines of some work and ends with it. */
class WorkTerminal implements vscode.Pseudoterminal {
  private readonly written = new vscode.EventEmitter<string>();
  private readonly closed = new vscode.EventEmitter<number>();
  readonly onDidWrite = this.written.event;
  readonly onDidClose = this.closed.event;

  constructor(private readonly work: (say: (line: string) => void) => Promise<boolean>) {}

  open(): void {
    void this.run();
  }

  close(): void {
    this.written.dispose();
    this.closed.dispose();
  }

  private async run(): Promise<void> {
    const say = (line: string): void => {
      // A container's or snapshot's name could hold what a terminal obeys.
      this.written.fire(`${line.replace(/[\u0000-\u001f\u007f-\u009f]/g, " ")}\r\n`);
    };
    try {
      this.closed.fire((await this.work(say)) ? 0 : 1);
    } catch (error) {
      const { message, next } = toCryoscopeError(error);
      say(next === undefined ? message : `${message} ${next}`);
      this.closed.fire(1);
    }
  }
}
