// Bisection from the Snapshots view, over the snapshots of one container: what is asked, and what came out.
import * as vscode from "vscode";
import type { MemoryFilter, MemoryQuery } from "../../memory/index.ts";
import { isTrue, bisectErrors } from "../../debug/index.ts";
import type { Snapshot } from "../../engine/index.ts";
import { toCryoscopeError } from "../../bytes/index.ts";
import type { CheckpointExplorer } from "../checkpoint/index.ts";
import { askQuery } from "../memory/index.ts";
import { bisectByCommand } from "./bisect-command.ts";
import { bisectByCondition } from "./bisect-condition.ts";
import { debugErrors } from "./errors.ts";
import type { LiveParts } from "./live-work.ts";
import { chooseSysroot } from "./sysroot.ts";

/** What is asked of each snapshot. */
export type AskedOfSnapshots =
  | { readonly kind: "command"; readonly text: string }
  | { readonly kind: "memory"; readonly query: MemoryQuery; readonly filter: MemoryFilter }
  | {
      readonly kind: "expression";
      readonly text: string;
      /** A root folder or container image that has the programs, for names and types. */
      readonly sysroot?: string;
    };

export type BisectParts = Pick<LiveParts, "engines" | "catalog" | "leftovers"> & {
  readonly checkpoint: CheckpointExplorer;
};

/** Where a row turned. */
export interface Turn {
  readonly first: Snapshot | undefined;
  readonly last: Snapshot | undefined;
  /** What it is from the first on: `different`, `true`, `not there`. */
  readonly words: string;
  /** Why those between the two can't be told, as far as that is known. */
  readonly untold: readonly (string | undefined)[];
}

/**
 * Asks what to ask, unless it is given, and finds the first snapshot of the same container in which the answer is
 * another. Gives the snapshot, or undefined when the user turns away. Throws `debug.bisectShort`.
 */
export async function bisectFrom(
  chosen: Snapshot,
  given: AskedOfSnapshots | undefined,
  parts: BisectParts,
): Promise<Snapshot | undefined> {
  const row = (await parts.catalog.list())
    .filter(
      ({ container, engine }) =>
        container.id === chosen.container.id && engine.endpoint === chosen.engine.endpoint,
    )
    .sort((a, b) => a.time.localeCompare(b.time));
  // Before anything is asked in vain.
  if (row.length < 2) throw bisectErrors.bisectShort();
  const title = `Bisect ${row.length} snapshots of ${chosen.container.name}`;
  const asked = given ?? (await askWhat(title));
  if (asked === undefined) return undefined;
  const turn =
    asked.kind === "command"
      ? await bisectByCommand(row, asked.text, parts)
      : await bisectByCondition(row, asked, parts);
  tell(turn);
  return turn.first;
}

interface Way extends vscode.QuickPickItem {
  readonly ask: (title: string) => Promise<AskedOfSnapshots | undefined>;
}

const ROOTS = {
  foldersOnly: false,
  without: "Registers and addresses, and the names of what the images have themselves.",
};

const WAYS: readonly Way[] = [
  {
    label: "$(search) Something in the Frozen Memory",
    detail: "A text, bytes, a regular expression or a number: is it there? Nothing runs.",
    ask: async (title) => {
      const asked = await askQuery(title, []);
      return asked && { kind: "memory", query: asked.query, filter: asked.filter };
    },
  },
  {
    label: "$(debug) An Expression",
    detail: "As in the debug console of a frozen process, such as counter > 41: is it true? Nothing runs.",
    ask: async (title) => {
      const text = await askText({
        title,
        prompt: "Compares two values; names are those of the innermost call that knows them",
        placeHolder: "counter > 41, $rip == main, *(i32*)0x404010 != 0",
        validateInput: (words) => (words.trim() === "" ? undefined : whyNot(words)),
      });
      const place = text === undefined ? undefined : await chooseSysroot(title, ROOTS);
      if (text === undefined || place === undefined) return undefined;
      const { sysroot } = place;
      return { kind: "expression", text, ...(sysroot !== undefined && { sysroot }) };
    },
  },
  {
    label: "$(terminal) A Command in the Woken Container",
    detail: "Those that are asked are restored for a moment. Needs the engine and a trusted workspace.",
    ask: async (title) => {
      if (!vscode.workspace.isTrusted) throw debugErrors.notTrusted();
      const text = await askText({
        title,
        prompt: "A shell command, run in the restored container: 0 as before, 125 can't tell, else different",
        placeHolder: "grep -q ready /tmp/state",
      });
      return text === undefined ? undefined : { kind: "command", text };
    },
  },
];

async function askWhat(title: string): Promise<AskedOfSnapshots | undefined> {
  const way = await vscode.window.showQuickPick(WAYS, { title, placeHolder: "What to ask of each" });
  return way?.ask(title);
}

/** Undefined for nothing. */
async function askText(options: vscode.InputBoxOptions): Promise<string | undefined> {
  return (await vscode.window.showInputBox(options))?.trim() || undefined;
}

function whyNot(expression: string): string | undefined {
  try {
    isTrue(expression);
    return undefined;
  } catch (error) {
    return toCryoscopeError(error).message;
  }
}

const OPEN = "Open Snapshot";
const DEBUG = "Restore and Debug";

function tell({ first, last, words, untold }: Turn): void {
  const between =
    untold.length === 0
      ? ""
      : ` ${untold.length} between them can't be told${untold[0] === undefined ? "." : `: ${untold[0]}`}`;
  // Not awaited: the message may stay for long, the command is over.
  void vscode.window
    .showInformationMessage(
      `“${first?.name ?? ""}” is the first in which it is ${words}; “${last?.name ?? ""}” is as before.${between}`,
      ...(vscode.workspace.isTrusted ? [OPEN, DEBUG] : [OPEN]),
    )
    .then((answer) => {
      if (answer === OPEN) return vscode.commands.executeCommand("cryoscope.openSnapshot", first);
      if (answer === DEBUG) return vscode.commands.executeCommand("cryoscope.restoreAndDebug", first);
      return undefined;
    });
}
