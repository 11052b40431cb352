import * as vscode from "vscode";
import { oneLine } from "./text.ts";

/** What a row shows besides its label. */
export interface Look {
  readonly description?: string;
  readonly icon?: vscode.ThemeIcon;
  readonly tooltip?: vscode.MarkdownString | undefined;
  readonly context?: string;
  readonly command?: vscode.Command;
  readonly spoken?: string;
}

/** A tree item whose texts are fit for one line, whatever a checkpoint put into them. */
export function item(label: string, state: vscode.TreeItemCollapsibleState, look: Look): vscode.TreeItem {
  const made = new vscode.TreeItem(oneLine(label), state);
  if (look.description !== undefined) made.description = oneLine(look.description);
  if (look.icon) made.iconPath = look.icon;
  if (look.tooltip) made.tooltip = look.tooltip;
  if (look.context !== undefined) made.contextValue = look.context;
  if (look.command) made.command = look.command;
  if (look.spoken !== undefined) made.accessibilityInformation = { label: oneLine(look.spoken) };
  return made;
}

/** A codicon, in a colour of the theme. */
export const icon = (name: string, color?: string): vscode.ThemeIcon =>
  new vscode.ThemeIcon(name, color === undefined ? undefined : new vscode.ThemeColor(color));
