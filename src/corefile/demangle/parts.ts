/** A type or name: a declarator goes between its two halves, as in `int (*)(char)`. */
export interface Part {
  readonly left: string;
  readonly right: string;
  /** A function or array, before which a pointer needs brackets. */
  readonly isBracketed?: boolean;
  /** How it is called where it is the class of a constructor. */
  readonly full?: string;
  /** More than one: what a pack of arguments is. */
  readonly pack?: readonly Part[];
}

export const part = (left: string, right = ""): Part => ({ left, right });
export const textOf = ({ left, right, pack }: Part): string => (pack ? joined(pack) : left + right);
export const joined = (parts: readonly Part[]): string =>
  parts
    .map(textOf)
    .filter((text) => text !== "")
    .join(", ");

export function pointerTo(of: Part, mark: string): Part {
  if (of.pack) return { ...part(""), pack: of.pack.map((each) => pointerTo(each, mark)) };
  // References of references become one.
  if (mark.startsWith("&") && /&$/.test(of.left)) {
    const isOne = mark === "&" || !of.left.endsWith("&&");
    return isOne ? { ...of, left: `${of.left.replace(/&+$/, "")}&` } : of;
  }
  const space = mark.includes("::") && !of.isBracketed ? " " : "";
  return of.isBracketed
    ? { left: `${of.left}${of.right.startsWith(" [") ? " " : ""}(${mark}`, right: `)${of.right}` }
    : { left: `${of.left}${space}${mark}`, right: of.right };
}

export const withWord = (of: Part, word: string): Part =>
  of.isBracketed && !of.right.startsWith(" [")
    ? { ...of, right: of.right + word }
    : { ...of, left: of.left + word };

/** `Widget` of `ns::Widget<ns::A>`: how a constructor is called. */
export function lastOf(name: string): string {
  let end = name.length;
  let depth = 0;
  for (let at = name.length - 1; at >= 0; at--) {
    const letter = name[at];
    if (letter === ">" || letter === ")" || letter === "}") depth++;
    else if (letter === "<" || letter === "(" || letter === "{") {
      depth--;
      if (depth === 0 && letter === "<") end = at;
    } else if (depth === 0 && letter === ":" && name[at - 1] === ":") return name.slice(at + 1, end);
  }
  return name.slice(0, end);
}
