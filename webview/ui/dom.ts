interface Properties {
  readonly class?: string;
  readonly text?: string;
  /** Attributes as they are written in HTML: `role`, `aria-label`, `id`. */
  readonly attributes?: Readonly<Record<string, string>>;
}

/** Makes an element. Text is always text: nothing of a checkpoint is ever parsed as HTML. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (properties.class !== undefined) made.className = properties.class;
  if (properties.text !== undefined) made.textContent = properties.text;
  for (const [name, value] of Object.entries(properties.attributes ?? {})) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** An icon of VS Code's own font; decoration only, so hidden from screen readers. */
export function icon(name: string): HTMLElement {
  return element("span", { class: `codicon codicon-${name}`, attributes: { "aria-hidden": "true" } });
}

/** Writes text only when it differs, so that an unchanged row costs no layout. */
export function setText(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

/** Sets or removes an attribute. */
export function setAttribute(target: Element, name: string, value: string | undefined): void {
  if (value === undefined) target.removeAttribute(name);
  else if (target.getAttribute(name) !== value) target.setAttribute(name, value);
}

/** Runs `draw` once in the next frame, however often it is asked for. */
export function onceAFrame(draw: () => void): () => void {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      draw();
    });
  };
}
