// Names of types that debug information builds of others, as C writes them.

/** `char *`, `int (*)(void)`, `int (*)[4]`, `char **`. */
export function pointerName(name: string, mark: string): string {
  const of = /^(.*?) ?(\(.*\)|(?:\[\d*\])+)$/.exec(name);
  if (of) {
    const [, before = "", behind = ""] = of;
    return `${before} (${mark})${behind}`;
  }
  return name.endsWith("*") || name.endsWith("&") ? `${name}${mark}` : `${name} ${mark}`;
}

/** `int [4]`; a pointer to a function has its brackets inside. */
export function arrayName(name: string, suffix: string): string {
  return name.includes("(*)") ? name.replace("(*)", `(*${suffix})`) : `${name} ${suffix}`;
}
