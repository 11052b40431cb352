// Answers to what the extension asks. The test and the extension have one `vscode` between them, so its functions can
// be put in others' places for a while.
import assert from "node:assert/strict";
import { CancellationTokenSource, window } from "vscode";

export type Asking =
  | "showQuickPick"
  | "showInputBox"
  | "showOpenDialog"
  | "showSaveDialog"
  | "showWarningMessage"
  | "showInformationMessage"
  | "showErrorMessage";

/** A question as the extension put it. */
export interface Question {
  readonly by: Asking;
  /** Title and prompt of what is picked or typed, the sentence of a message. */
  readonly words: string;
  readonly detail: string;
  /** What stands in the field already. */
  readonly value: string;
  /** Labels of the rows, or the buttons in their order. */
  readonly choices: readonly string[];
}

export interface Questions {
  readonly asked: readonly Question[];
  /**
   * Answers the next questions of each kind in order, undefined when there is no more; a text picks the row that has it in
   * its label, a list several rows. Kinds that aren't named are asked for real.
   */
  answer(answers: Partial<Record<Asking, readonly unknown[]>>): void;
  /** What progress notifications have said; the next one can be cancelled. */
  watchProgress(): { readonly said: readonly string[]; cancel(): void; cancellable(): boolean };
  putBack(): void;
}

interface Row {
  readonly label: string;
}

export function questions(): Questions {
  const functions = window as unknown as Record<string, unknown>;
  const real = new Map<string, unknown>();
  const asked: Question[] = [];
  const replace = (name: string, by: unknown): void => {
    if (!real.has(name)) real.set(name, functions[name]);
    functions[name] = by;
  };
  return {
    asked,
    answer(answers) {
      asked.length = 0;
      for (const [name, values] of Object.entries(answers) as [Asking, readonly unknown[]][]) {
        const left = [...values];
        replace(name, async (first: unknown, ...rest: unknown[]): Promise<unknown> => {
          asked.push(questionOf(name, first, rest));
          const value = left.shift();
          const rows = await first;
          if (!Array.isArray(rows) || value === undefined) return value;
          const row = (text: unknown): Row => {
            const found = (rows as Row[]).find(({ label }) => label.includes(String(text)));
            assert.ok(found, `no row "${String(text)}" in ${JSON.stringify(rows)}`);
            return found;
          };
          return Array.isArray(value) ? value.map(row) : row(value);
        });
      }
    },
    watchProgress() {
      const said: string[] = [];
      const source = new CancellationTokenSource();
      let can = false;
      const was = functions.withProgress as typeof window.withProgress;
      replace("withProgress", ((options, task) => {
        can = options.cancellable === true;
        return was.call(window, options, (progress) => {
          const report = (now: { message?: string; increment?: number }): void => {
            if (now.message !== undefined) said.push(now.message);
            progress.report(now);
          };
          return task({ report }, source.token);
        });
      }) as typeof window.withProgress);
      return {
        said,
        cancel: () => {
          source.cancel();
        },
        cancellable: () => can,
      };
    },
    putBack() {
      for (const [name, was] of real) functions[name] = was;
      real.clear();
    },
  };
}

function questionOf(by: Asking, first: unknown, rest: readonly unknown[]): Question {
  const options = (
    typeof first === "string" || Array.isArray(first) || first instanceof Promise ? rest[0] : first
  ) as
    | { title?: string; prompt?: string; placeHolder?: string; detail?: string; value?: string }
    | string
    | undefined;
  const said = typeof options === "object" ? options : {};
  const words = [said.title, said.prompt, said.placeHolder].filter((one) => one !== undefined).join(": ");
  return {
    by,
    words: typeof first === "string" ? first : words,
    detail: said.detail ?? "",
    value: said.value ?? "",
    choices: Array.isArray(first)
      ? (first as Row[]).map(({ label }) => label)
      : rest.filter((one) => typeof one === "string"),
  };
}
