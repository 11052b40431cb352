// The text of YARA rules in tokens, as far as it takes to tell one rule, its patterns and its condition from another.
// What a token means is left to YARA-X, which has compiled the text before.

export type TokenKind = "word" | "text" | "regex" | "hex" | "pattern" | "sign";

/** A piece of a file of rules; `text` is the file's from `start` to `end`. */
export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const SPACE = /(?:\s|\/\/[^\n]*|\/\*[^]*?\*\/)*/y;
const TOKENS: readonly (readonly [TokenKind, RegExp])[] = [
  ["text", /"""[^]*?"""|"(?:\\.|[^"\\\n])*"/y],
  ["regex", /\/(?:\\.|[^/\\\n])+\/[a-z]*/y],
  // $a and what is asked of it: how often, where, how long.
  ["pattern", /\$\w*\*?|#\w*|@\w*|!(?!=)\w*/y],
  ["word", /[A-Za-z_]\w*/y],
  ["sign", /0x[0-9a-fA-F]+|[0-9]\w*|\.\.|[=!<>]=|<<|>>|[^\s]/y],
];
/** A pattern of bytes; only what follows `=` can be one. */
const HEX = /\{(?:\/\/[^\n]*|\/\*[^]*?\*\/|[^}])*\}/y;

/** Undefined for a text that can't be taken apart. */
export function tokensOf(text: string): readonly Token[] | undefined {
  const tokens: Token[] = [];
  let at = 0;
  const take = (expression: RegExp): string | undefined => {
    expression.lastIndex = at;
    return expression.exec(text)?.[0];
  };
  for (;;) {
    at += take(SPACE)?.length ?? 0;
    if (at >= text.length) return tokens;
    const token = (tokens.at(-1)?.text === "=" ? hexAt(take) : undefined) ?? tokenAt(take);
    if (token === undefined) return undefined;
    const [kind, found] = token;
    tokens.push({ kind, text: found, start: at, end: at + found.length });
    at += found.length;
  }
}

type Take = (expression: RegExp) => string | undefined;

function hexAt(take: Take): readonly [TokenKind, string] | undefined {
  const found = take(HEX);
  return found === undefined ? undefined : ["hex", found];
}

function tokenAt(take: Take): readonly [TokenKind, string] | undefined {
  for (const [kind, expression] of TOKENS) {
    const found = take(expression);
    if (found !== undefined) return [kind, found];
  }
  return undefined;
}
