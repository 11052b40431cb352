// The focus is the person's: a page that has just been filled doesn't pull it out of a tree, the palette or a question.

let waiting: (() => void) | undefined;

/**
 * Gives something in the page the focus: at once when the page has it, else as soon as the person comes in. Of several that
 * wait only the last is given it.
 */
export function focusWhenIn(give: () => void): void {
  if (document.hasFocus()) {
    give();
    return;
  }
  if (!waiting)
    window.addEventListener(
      "focus",
      () => {
        waiting?.();
        waiting = undefined;
      },
      { once: true },
    );
  waiting = give;
}
