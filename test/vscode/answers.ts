// Answers to VS Code's own dialogs, for tests in a real extension host: a person's part, and nothing else.
import assert from "node:assert/strict";
import { window } from "vscode";

export type Asking =
  "showQuickPick" | "showInputBox" | "showOpenDialog" | "showSaveDialog" | "showWarningMessage";

/** Stands in for the person until `putBack`. */
export class Answers {
  /** The questions that were asked since the answers were given: titles and prompts. */
  asked: string[] = [];
  putBack: () => void = () => undefined;

  /** Answers the next questions of each kind in order; a text picks the row that has it in its label. */
  give(answers: Partial<Record<Asking, readonly unknown[]>>): void {
    this.putBack();
    this.asked = [];
    const real = new Map<Asking, unknown>();
    const functions = window as unknown as Record<Asking, unknown>;
    for (const [name, values] of Object.entries(answers) as [Asking, readonly unknown[]][]) {
      const left = [...values];
      real.set(name, functions[name]);
      functions[name] = (first: unknown, second: unknown): Promise<unknown> => {
        const options = (Array.isArray(first) ? second : first) as {
          title?: string;
          prompt?: string;
          placeHolder?: string;
        };
        const words = [options.title, options.prompt, options.placeHolder].filter(
          (text) => text !== undefined,
        );
        this.asked.push(typeof first === "string" ? first : words.join(": "));
        const value = left.shift();
        if (!Array.isArray(first) || value === undefined) return Promise.resolve(value);
        const labelOf = (row: string | { label: string }): string =>
          typeof row === "string" ? row : row.label;
        const row = (first as (string | { label: string })[]).find((each) =>
          labelOf(each).includes(String(value)),
        );
        assert.ok(row !== undefined, `no row "${String(value)}" in ${JSON.stringify(first)}`);
        return Promise.resolve(row);
      };
    }
    this.putBack = () => {
      for (const [name, was] of real) functions[name] = was;
      this.putBack = () => undefined;
    };
  }
}
