import { postmortemErrors } from "./errors.ts";
import { VALUE_TYPES } from "./value-types.ts";
import type { ValueType } from "./value-types.ts";

/** What can be asked in the debug console and the Watch view. */
export type Expression =
  | { readonly kind: "number"; readonly value: bigint }
  | { readonly kind: "register"; readonly name: string }
  | { readonly kind: "symbol"; readonly name: string }
  | { readonly kind: "sum"; readonly left: Expression; readonly right: Expression; readonly sign: 1n | -1n }
  /** What is in memory at an address: of a type, or as the variable that has the address is declared. */
  | { readonly kind: "load"; readonly type: ValueType | undefined; readonly address: Expression }
  | { readonly kind: "member"; readonly of: Expression; readonly name: string }
  | { readonly kind: "element"; readonly of: Expression; readonly index: Expression }
  | { readonly kind: "addressOf"; readonly of: Expression }
  /** A value taken as a type of the program; a number as a pointer to it where `stars` says so. */
  | { readonly kind: "named"; readonly type: string; readonly stars: number; readonly value: Expression }
  /** A value taken as another type. */
  | { readonly kind: "cast"; readonly type: ValueType; readonly value: Expression }
  /** The text at an address, up to its zero byte. */
  | { readonly kind: "string"; readonly address: Expression };

const TOKEN = /\s*(?:(0x[0-9a-f]+|\d+)|(\$[a-z_]\w*)|([a-z_~@](?:[\w~@$]|::)*)|(->|[-+*&()[\].]))/iy;
const MAX_LENGTH = 4096;
const MAX_DEPTH = 64;
const U64: ValueType = { size: 8, kind: "unsigned" };

const TAGS: ReadonlySet<string> = new Set(["struct", "class", "union", "enum"]);

interface Token {
  readonly kind: "number" | "register" | "name" | "sign";
  readonly text: string;
}

/**
 * Reads `$rip`, `main+4`, `*(u64*)0x7ffe1000`, `*(i32*)($rsp+8)`, `(char*)$rdi`. `*` without a type loads 8 bytes.
 * Throws `postmortem.badExpression`.
 */
export function parseExpression(text: string): Expression {
  if (text.length > MAX_LENGTH) throw postmortemErrors.badExpression("The expression is too long");
  const parser = new Parser(tokens(text));
  const expression = parser.sum(0);
  parser.end();
  return expression;
}

function tokens(text: string): readonly Token[] {
  const found: Token[] = [];
  const trimmed = text.trimEnd();
  const pattern = new RegExp(TOKEN);
  while (pattern.lastIndex < trimmed.length) {
    const at = pattern.lastIndex;
    const match = pattern.exec(trimmed);
    if (match === null)
      throw postmortemErrors.badExpression(`"${trimmed.slice(at, at + 20).trim()}" is not understood`);
    const [, number, register, name, sign] = match;
    if (number !== undefined) found.push({ kind: "number", text: number });
    else if (register !== undefined) found.push({ kind: "register", text: register.slice(1) });
    else if (name !== undefined) found.push({ kind: "name", text: name });
    else found.push({ kind: "sign", text: sign ?? "" });
  }
  return found;
}

class Parser {
  #at = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  sum(depth: number): Expression {
    let left = this.operand(depth);
    for (;;) {
      const sign = this.#isSign("+") ? 1n : this.#isSign("-") ? -1n : undefined;
      if (sign === undefined) return left;
      this.#at++;
      left = { kind: "sum", left, right: this.operand(depth), sign };
    }
  }

  operand(depth: number): Expression {
    if (depth > MAX_DEPTH) throw postmortemErrors.badExpression("The expression is nested too deeply");
    if (this.#isSign("&")) {
      this.#at++;
      return { kind: "addressOf", of: this.operand(depth + 1) };
    }
    if (this.#isSign("*")) {
      this.#at++;
      const cast = this.#cast();
      if (cast && !cast.isPointer)
        throw postmortemErrors.badExpression("What * is put before must be a pointer");
      return { kind: "load", type: cast?.type, address: this.operand(depth + 1) };
    }
    const cast = this.#cast();
    if (cast) {
      const value = this.operand(depth + 1);
      if (cast.isPointer && cast.type.kind === "character") return { kind: "string", address: value };
      return { kind: "cast", type: cast.isPointer ? U64 : cast.type, value };
    }
    const named = this.#namedCast();
    if (named) return { kind: "named", ...named, value: this.operand(depth + 1) };
    return this.#postfix(this.#primary(depth), depth);
  }

  #primary(depth: number): Expression {
    const token = this.tokens[this.#at++];
    if (token?.kind === "number") return { kind: "number", value: BigInt.asUintN(64, BigInt(token.text)) };
    if (token?.kind === "register") return { kind: "register", name: token.text };
    if (token?.kind === "name") return { kind: "symbol", name: token.text };
    if (token?.text === "(") {
      const inner = this.sum(depth + 1);
      this.#expect(")");
      return inner;
    }
    throw postmortemErrors.badExpression(
      token ? `"${token.text}" is not understood here` : "The expression ends too early",
    );
  }

  /** `.x`, `->x`, `[4]`, as many as there are. */
  #postfix(of: Expression, depth: number): Expression {
    let whole = of;
    for (let count = depth; ; count++) {
      if (count > MAX_DEPTH) throw postmortemErrors.badExpression("The expression is nested too deeply");
      if (this.#isSign("[")) {
        this.#at++;
        const index = this.sum(depth + 1);
        this.#expect("]");
        whole = { kind: "element", of: whole, index };
      } else if (this.#isSign(".") || this.#isSign("->")) {
        this.#at++;
        const name = this.tokens[this.#at++];
        if (name?.kind !== "name" && name?.kind !== "number")
          throw postmortemErrors.badExpression("The name of a member is missing");
        whole = { kind: "member", of: whole, name: name.text };
      } else return whole;
    }
  }

  end(): void {
    const token = this.tokens[this.#at];
    if (token) throw postmortemErrors.badExpression(`"${token.text.slice(0, 40)}" is not understood here`);
  }

  /** `(unsigned long*)`; takes nothing when what follows is none. */
  #cast(): { readonly type: ValueType; readonly isPointer: boolean } | undefined {
    let at = this.#at;
    if (this.tokens[at]?.text !== "(") return undefined;
    const words: string[] = [];
    for (at++; this.tokens[at]?.kind === "name"; at++) words.push(this.tokens[at]?.text ?? "");
    const type = VALUE_TYPES.get(words.filter((word) => word !== "const").join("_"));
    if (type === undefined) return undefined;
    let stars = 0;
    for (; this.tokens[at]?.text === "*"; at++) stars++;
    if (this.tokens[at]?.text !== ")") return undefined;
    this.#at = at + 1;
    // A pointer to a pointer is read as a number of 8 bytes.
    return { type: stars > 1 ? U64 : type, isPointer: stars > 0 };
  }

  /** `(struct node *)`, `(shapes::Square*)`: what is in brackets is a type when a value follows. */
  #namedCast(): { readonly type: string; readonly stars: number } | undefined {
    let at = this.#at;
    if (this.tokens[at]?.text !== "(") return undefined;
    const words: string[] = [];
    for (at++; this.tokens[at]?.kind === "name"; at++) words.push(this.tokens[at]?.text ?? "");
    let stars = 0;
    for (; this.tokens[at]?.text === "*"; at++) stars++;
    const next = this.tokens[at + 1];
    const isValue = next !== undefined && (next.kind !== "sign" || ["(", "&", "*"].includes(next.text));
    const isTagged = words.length > 1 && TAGS.has(words[0] ?? "");
    if (words.length === 0 || this.tokens[at]?.text !== ")" || !isValue) return undefined;
    // `(a) * b` is no cast, and nothing here multiplies.
    if (stars === 0 && !isTagged && next.kind === "sign" && next.text !== "(") return undefined;
    this.#at = at + 1;
    return { type: words.filter((word) => word !== "const" && !TAGS.has(word)).join(" "), stars };
  }

  #isSign(text: string): boolean {
    const token = this.tokens[this.#at];
    return token?.kind === "sign" && token.text === text;
  }

  #expect(text: string): void {
    if (!this.#isSign(text)) throw postmortemErrors.badExpression(`A "${text}" is missing`);
    this.#at++;
  }
}
