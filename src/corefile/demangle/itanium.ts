// Names of C++ as the Itanium C++ ABI mangles them (chapter 5.1), in the form that gdb and c++filt give them.
import { joined, lastOf, part, textOf } from "./parts.ts";
import type { Part } from "./parts.ts";
import { NUMBER_SUFFIX, OPERATORS, SPECIAL, STANDARD } from "./tables.ts";
import { TypeReader } from "./types.ts";
import type { Name } from "./types.ts";

/** `ns::Widget::poke(int)` of `_ZN2ns6Widget4pokeEi`; undefined where it is no such name, or of a form that isn't read. */
export function demangleItanium(mangled: string): string | undefined {
  if (!mangled.startsWith("_Z")) return undefined;
  const dot = mangled.indexOf(".");
  const [whole, clones] = dot < 0 ? [mangled, ""] : [mangled.slice(0, dot), mangled.slice(dot)];
  try {
    const reader = new ItaniumReader(whole);
    reader.need("_Z");
    const text = reader.encoding(true);
    if (!reader.atEnd) return undefined;
    // `.cold`, `.constprop.0`: copies that the compiler made, each a word with its numbers.
    return (
      text + (clones.match(/\.[a-zA-Z_]+(?:\.\d+)*|\.\d+/g) ?? []).map((one) => ` [clone ${one}]`).join("")
    );
  } catch {
    return undefined;
  }
}

class ItaniumReader extends TypeReader {
  encoding(isTop: boolean): string {
    return this.within(() => {
      this.isType = false;
      const special = SPECIAL[this.two];
      if (special !== undefined) {
        this.at += 2;
        return special + textOf(this.type());
      }
      if (this.take("GV")) return `guard variable for ${this.name().text}`;
      if (this.take("TW")) return `TLS wrapper function for ${this.name().text}`;
      if (this.take("TH")) return `TLS init function for ${this.name().text}`;
      if (this.take("Th")) return this.#thunk("non-virtual thunk to ", 1);
      if (this.take("Tv")) return this.#thunk("virtual thunk to ", 2);
      const name = this.name();
      if (this.atEnd || this.next === "E") return name.text;
      const result = name.hasReturn ? this.type() : undefined;
      const given = this.parameters(() => this.atEnd || this.next === "E");
      const call = `${name.text}(${given})`;
      if (result === undefined || !isTop) return this.made(call + name.qualifiers);
      return this.made(
        `${result.left}${result.isBracketed ? "" : " "}${call}${name.qualifiers}${result.right}`,
      );
    });
  }

  #thunk(words: string, numbers: number): string {
    for (let count = 0; count < numbers; count++) {
      this.take("n");
      this.number();
      this.need("_");
    }
    return words + this.encoding(true);
  }

  name(): Name {
    return this.within(() => {
      if (this.next === "N") return this.#nested();
      if (this.next === "Z") return this.#local();
      if (this.next === "S" && this.two !== "St") {
        const of = this.substitution();
        if (!this.text.startsWith("I", this.at)) this.fail();
        return { text: this.withArguments(textOf(of)), hasReturn: true, qualifiers: "" };
      }
      const inStd = this.take("St");
      const { text, isPlain } = this.#unqualified("");
      const name = inStd ? `std::${text}` : text;
      if (this.next !== "I") return { text: name, hasReturn: false, qualifiers: "" };
      this.known.push(part(name));
      return { text: this.withArguments(name), hasReturn: isPlain, qualifiers: "" };
    });
  }

  protected withArguments(name: string): string {
    const given = this.#templateArguments();
    const text = joined(given);
    // `operator< <int>` and `A<B<int> >`.
    return this.made(`${name}${name.endsWith("<") ? " " : ""}<${text}${text.endsWith(">") ? " " : ""}>`);
  }

  #nested(): Name {
    this.need("N");
    let qualifiers = "";
    if (this.take("r")) qualifiers += " restrict";
    if (this.take("V")) qualifiers = ` volatile${qualifiers}`;
    if (this.take("K")) qualifiers = ` const${qualifiers}`;
    if (this.take("R")) qualifiers += " &";
    else if (this.take("O")) qualifiers += " &&";
    let at: Part | undefined;
    let hasReturn = false;
    let isPlain = true;
    let isKnown = false;
    while (!this.take("E")) {
      if (this.next === "I" && at) {
        at = part(this.withArguments(textOf(at)));
        hasReturn = isPlain;
      } else if (this.next === "S" && at === undefined) {
        at = this.two === "St" ? this.#standardNamespace() : this.substitution();
        isKnown = true;
        continue;
      } else if (this.next === "T" && at === undefined) at = this.templateParameter();
      else {
        const { text, isPlain: plain } = this.#unqualified(at ? lastOf(at.full ?? textOf(at)) : "");
        const isNamed = /^[~{]?[\w$(]/.test(text) && !plain;
        const before = at === undefined ? "" : `${isNamed ? (at.full ?? textOf(at)) : textOf(at)}::`;
        at = part(this.made(before + text));
        isPlain = plain;
        hasReturn = false;
      }
      isKnown = false;
      if (this.next !== "E") this.known.push(at);
    }
    if (at === undefined || isKnown) this.fail();
    return { text: textOf(at), hasReturn, qualifiers };
  }

  #standardNamespace(): Part {
    this.need("St");
    return part("std");
  }

  #local(): Name {
    this.need("Z");
    const outer = this.arguments;
    const inside = this.encoding(false);
    this.need("E");
    if (this.take("s")) {
      this.#discriminator();
      return { text: `${inside}::string literal`, hasReturn: false, qualifiers: "" };
    }
    if (this.next === "d") this.fail();
    const name = this.name();
    this.#discriminator();
    if (!name.hasReturn) this.arguments = this.arguments.length > 0 ? this.arguments : outer;
    return { ...name, text: this.made(`${inside}::${name.text}`) };
  }

  #discriminator(): void {
    const [all] = /^(?:__\d+_|_\d)/.exec(this.text.slice(this.at, this.at + 12)) ?? [];
    this.at += all?.length ?? 0;
  }

  /** A name of its own; `isPlain` where it is no constructor or conversion, which give nothing back. */
  #unqualified(within: string): { readonly text: string; readonly isPlain: boolean } {
    this.take("L");
    let found: { text: string; isPlain: boolean };
    const { next, two } = this;
    if (/\d/.test(next)) found = { text: this.source(), isPlain: true };
    else if (/^C[1-5]$/.test(two) && within !== "") {
      this.at += 2;
      found = { text: within, isPlain: false };
    } else if (/^D[0-5]$/.test(two) && within !== "") {
      this.at += 2;
      found = { text: `~${within}`, isPlain: false };
    } else if (two === "Ul") found = { text: this.#lambda(), isPlain: true };
    else if (this.take("Ut")) found = { text: `{unnamed type#${this.count() + 1}}`, isPlain: true };
    else if (this.take("cv")) found = { text: `operator ${textOf(this.type())}`, isPlain: false };
    else if (this.take("li")) found = { text: `operator"" ${this.source()}`, isPlain: true };
    else {
      const operator = OPERATORS[two];
      if (operator === undefined) this.fail();
      this.at += 2;
      found = { text: `operator${operator}`, isPlain: true };
    }
    while (this.take("B")) found = { ...found, text: `${found.text}[abi:${this.source()}]` };
    return found;
  }

  #lambda(): string {
    this.need("Ul");
    const was = this.isLambda;
    this.isLambda = true;
    const given = this.parameters(() => this.next === "E");
    this.isLambda = was;
    this.need("E");
    return `{lambda(${given})#${this.count() + 1}}`;
  }

  protected substitution(): Part {
    this.need("S");
    const standard = STANDARD[this.next];
    if (standard) {
      this.at++;
      return { ...part(standard.name), ...(standard.full !== undefined && { full: standard.full }) };
    }
    const known = this.known[this.sequence()] ?? this.fail();
    // What a generic lambda was declared with has become what it was called with.
    const actual = !this.isLambda && /auto:\d/.test(known.left) && !known.left.includes("{lambda");
    if (!actual) return known;
    const named = (all: string, index: string): string =>
      textOf(this.arguments[Number(index) - 1] ?? part(all));
    return { ...known, left: known.left.replace(/auto:(\d+)/g, named) };
  }

  protected templateParameter(): Part {
    this.need("T");
    const index = this.count();
    if (this.isLambda) return part(`auto:${index + 1}`);
    return this.arguments[index] ?? this.fail();
  }

  #templateArguments(): readonly Part[] {
    return this.within(() => {
      this.need("I");
      const outer = this.arguments;
      const wasLambda = this.isLambda;
      this.isLambda = false;
      const given: Part[] = [];
      while (!this.take("E")) given.push(this.#templateArgument());
      this.isLambda = wasLambda;
      this.arguments = wasLambda || this.isType ? outer : given;
      return given;
    });
  }

  #templateArgument(): Part {
    if (this.next === "L") return part(this.#literal());
    if (this.next === "X") this.fail();
    if (!this.take("J")) {
      const outer = this.arguments;
      const type = this.type();
      this.arguments = outer;
      return type;
    }
    const pack: Part[] = [];
    while (!this.take("E")) pack.push(this.#templateArgument());
    return { ...part(""), pack };
  }

  #literal(): string {
    this.need("L");
    if (this.take("_Z")) {
      const outer = this.arguments;
      const text = this.encoding(false);
      this.arguments = outer;
      this.need("E");
      return `&${text}`.replace(/^&(.*\)?)$/, text.endsWith(")") ? "&($1)" : "&$1");
    }
    const type = textOf(this.type());
    const [all, minus, digits] = /^(n?)(\d+)E/.exec(this.text.slice(this.at, this.at + 48)) ?? [];
    if (all === undefined || digits === undefined) this.fail();
    this.at += all.length;
    const number = `${minus === "n" ? "-" : ""}${digits}`;
    if (type === "bool" && (number === "0" || number === "1")) return number === "1" ? "true" : "false";
    const suffix = NUMBER_SUFFIX[type];
    return suffix === undefined ? `(${type})${number}` : `${number}${suffix}`;
  }
}
