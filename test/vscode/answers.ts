// Answers to VS Code's own dialogs, for tests in a real extension host: a person's part, and nothing else. The test and
// the extension have one `vscode` between them, so its functions can be put in others' places for a while.
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
  /** Titles and prompts, or the sentence of a message. */
  readonly words: string;
  /** What a dialog says below that. */
  readonly detail: string;
  /** What stands in the field already. */
  readonly value: string;
  /** Labels of the rows, or the buttons in their order. */
  readonly choices: readonly string[];
}

/** A notification with progress. */
export interface Watched {
  readonly said: readonly string[];
  readonly cancellable: boolean;
  cancel(): void;
}

interface Options {
  readonly title?: string;
  readonly prompt?: string;
  readonly placeHolder?: string;
  readonly detail?: string;
  readonly value?: string;
}
type Row = string | { readonly label: string };

const labelOf = (row: Row): string => (typeof row === "string" ? row : row.label);

/** Stands in for the person until `putBack`. */
export class Answers {
  /** The questions that were asked since the answers were given. */
  questions: Question[] = [];
  private readonly real = new Map<string, unknown>();

  /** Their words. */
  get asked(): readonly string[] {
    return this.questions.map(({ words }) => words);
  }

  /**
   * Answers the next questions of each kind in order; a text picks the row that has it in its label, a list several. When
   * there is no more answer the person turns away.
   */
  give(answers: Partial<Record<Asking, readonly unknown[]>>): void {
    this.putBack();
    this.questions = [];
    for (const [name, values] of Object.entries(answers) as [Asking, readonly unknown[]][]) {
      const left = [...values];
      this.replace(name, (first: unknown, ...rest: readonly unknown[]): Promise<unknown> => {
        this.questions.push(questionOf(name, first, rest));
        const value = left.shift();
        if (!Array.isArray(first) || value === undefined) return Promise.resolve(value);
        const row = (text: unknown): Row => {
          const found = (first as Row[]).find((each) => labelOf(each).includes(String(text)));
          assert.ok(found !== undefined, `no row "${String(text)}" in ${JSON.stringify(first)}`);
          return found;
        };
        return Promise.resolve(Array.isArray(value) ? value.map(row) : row(value));
      });
    }
  }

  /** Listens to the progress that is shown from now on, and can cancel it as the button does. */
  watchProgress(): Watched {
    const said: string[] = [];
    const source = new CancellationTokenSource();
    let cancellable = false;
    const show = window.withProgress.bind(window);
    const watched: typeof window.withProgress = (options, task) => {
      cancellable = options.cancellable === true;
      return show(options, (progress) =>
        task(
          {
            report: (now) => {
              if (now.message !== undefined) said.push(now.message);
              progress.report(now);
            },
          },
          source.token,
        ),
      );
    };
    this.replace("withProgress", watched);
    return {
      said,
      get cancellable() {
        return cancellable;
      },
      cancel: () => {
        source.cancel();
      },
    };
  }

  readonly putBack = (): void => {
    const functions = window as unknown as Record<string, unknown>;
    for (const [name, was] of this.real) functions[name] = was;
    this.real.clear();
  };

  private replace(name: string, by: unknown): void {
    const functions = window as unknown as Record<string, unknown>;
    if (!this.real.has(name)) this.real.set(name, functions[name]);
    functions[name] = by;
  }
}

function questionOf(by: Asking, first: unknown, rest: readonly unknown[]): Question {
  const isMessage = typeof first === "string";
  const options = (isMessage || Array.isArray(first) ? rest[0] : first) as Options | string | undefined;
  const said = typeof options === "object" ? options : {};
  const words = [said.title, said.prompt, said.placeHolder].filter((text) => text !== undefined);
  return {
    by,
    words: isMessage ? first : words.join(": "),
    detail: said.detail ?? "",
    value: said.value ?? "",
    choices: Array.isArray(first)
      ? (first as Row[]).map(labelOf)
      : rest.filter((one) => typeof one === "string"),
  };
}
