// Blocks and loops with names: WebAssembly branches by how many of them lie between a branch and its target, which nobody
// can read.
import { END } from "./instructions.ts";
import type { Code } from "./instructions.ts";

/** Instructions, in which blocks may have names and branches may go to them. */
export type Labelled = readonly (number | Labelled | Block | Branch)[];

interface Block {
  readonly opens: number;
  readonly name: string;
  readonly body: Labelled;
}

interface Branch {
  readonly branch: number;
  readonly to: string;
}

const NO_VALUE = 0x40;

export const labelled = {
  /** A branch to it goes to its end. */
  block: (name: string, body: Labelled): Labelled => [{ opens: 0x02, name, body }],
  /** A branch to it goes to its begin; without one it is left at its end. */
  loop: (name: string, body: Labelled): Labelled => [{ opens: 0x03, name, body }],
  /** Runs `body` when the i32 on the stack isn't 0. */
  when: (condition: Labelled, body: Labelled): Labelled => [condition, { opens: 0x04, name: "", body }],
  goTo: (to: string): Labelled => [{ branch: 0x0c, to }],
  goToIf: (to: string, condition: Labelled): Labelled => [condition, { branch: 0x0d, to }],
} as const;

/** The instructions as bytes. Every branch goes to a block or loop around it. */
export function withoutLabels(code: Labelled): Code {
  const bytes: number[] = [];
  const around: string[] = [];
  // One array for all: this runs once, before the machine has compiled it.
  const add = (items: Labelled): void => {
    for (const item of items)
      if (typeof item === "number") bytes.push(item);
      else if ("opens" in item) {
        bytes.push(item.opens, NO_VALUE);
        around.push(item.name);
        add(item.body);
        around.pop();
        bytes.push(END);
      } else if ("branch" in item) bytes.push(item.branch, around.length - 1 - around.lastIndexOf(item.to));
      else add(item);
  };
  add(code);
  return bytes;
}
