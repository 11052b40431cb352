import type { Content } from "../../../checkpoint/index.ts";

/** A line of the *Checkpoint* view: something the model says, with what it consists of below. */
export interface Fact {
  readonly label: string;
  readonly value: string;
  readonly children: readonly Fact[];
  /** A codicon, and the colour it has. */
  readonly icon?: { readonly name: string; readonly color: string };
  /** Bytes that can be saved. */
  readonly content?: Content;
}

export const fact = (label: string, value: string, children: readonly Fact[] = []): Fact => ({
  label,
  value,
  children,
});
