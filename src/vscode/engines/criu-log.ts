// CRIU's logs in the editor: opened at the line that tells why, folded by process and by what CRIU works on.
import * as vscode from "vscode";
import type { LogFolding } from "../../engine/index.ts";
import { CryoscopeError } from "../../bytes/index.ts";

const LANGUAGE = "criu-log";

/** Whether an error has a log of CRIU's to show. */
export function hasLog(error: unknown): error is CryoscopeError & { readonly file: string } {
  return error instanceof CryoscopeError && error.code === "engine.criuRefused" && error.file !== undefined;
}

/** Opens a log at the first line that tells why CRIU failed, with the explanation as a hover of that line's end. */
export async function openCriuLog(file: vscode.Uri): Promise<void> {
  const opened = await vscode.workspace.openTextDocument(file);
  const document = await vscode.languages.setTextDocumentLanguage(opened, LANGUAGE);
  const editor = await vscode.window.showTextDocument(document, { preview: true });
  const { explainCriuLog } = await import("../../engine/index.ts");
  const failure = explainCriuLog(document.getText());
  if (failure?.lineNumber === undefined) return;
  const line = document.lineAt(Math.min(failure.lineNumber, document.lineCount) - 1);
  editor.selection = new vscode.Selection(line.range.start, line.range.start);
  editor.revealRange(line.range, vscode.TextEditorRevealType.InCenter);
}

/** Registers what VS Code asks about CRIU's logs. */
export function criuLogLanguage(): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.languages.registerFoldingRangeProvider(
      { language: LANGUAGE },
      {
        provideFoldingRanges: async (document) => {
          const { foldCriuLog } = await import("../../engine/index.ts");
          return foldCriuLog(document.getText().split("\n")).map(toRange);
        },
      },
    ),
    vscode.languages.registerHoverProvider({ language: LANGUAGE }, { provideHover: explainLine }),
  );
}

async function explainLine(
  document: vscode.TextDocument,
  { line }: vscode.Position,
): Promise<vscode.Hover | undefined> {
  const { explainCriuLog } = await import("../../engine/index.ts");
  const { text, range } = document.lineAt(line);
  const failure = explainCriuLog(text);
  if (failure?.cause === undefined) return undefined;
  const words = new vscode.MarkdownString().appendText(`CRIU failed: ${failure.sentence} ${failure.next}`);
  return new vscode.Hover(words, range);
}

const toRange = ({ start, end }: LogFolding): vscode.FoldingRange => new vscode.FoldingRange(start, end);
