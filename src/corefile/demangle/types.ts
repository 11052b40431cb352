// Types as the Itanium C++ ABI mangles them (chapters 5.1.5.2 and on).
import { joined, part, pointerTo, textOf, withWord } from "./parts.ts";
import type { Part } from "./parts.ts";
import { NameReader } from "./reader.ts";
import { BUILTIN } from "./tables.ts";

/** A name that a function may have. */
export interface Name {
  readonly text: string;
  /** Made from a template, so that its type begins with what it gives back. */
  readonly hasReturn: boolean;
  readonly qualifiers: string;
}

/** Reads types; the names in them are read by whoever extends it. */
export abstract class TypeReader extends NameReader {
  protected readonly known: Part[] = [];
  protected arguments: readonly Part[] = [];
  protected isLambda = false;
  /** Parameters of templates within types are those of the function that the types are of. */
  protected isType = false;

  abstract name(): Name;
  protected abstract substitution(): Part;
  protected abstract templateParameter(): Part;
  protected abstract withArguments(name: string): string;

  protected parameters(isEnd: () => boolean): string {
    const types: Part[] = [];
    while (!isEnd()) types.push(this.type());
    return types.length === 1 && types[0]?.left === "void" && types[0].right === "" ? "" : joined(types);
  }

  type(): Part {
    const [given, wasType] = [this.arguments, this.isType];
    this.isType = true;
    const found = this.#typeItself();
    [this.arguments, this.isType] = [given, wasType];
    return found;
  }

  #typeItself(): Part {
    return this.within(() => {
      const { next, two } = this;
      const builtin = BUILTIN[two.startsWith("D") ? two : next];
      if (builtin !== undefined) {
        this.at += two.startsWith("D") ? 2 : 1;
        return part(builtin);
      }
      if (next === "S" && two !== "St") {
        const of = this.substitution();
        return this.next === "I" ? this.#keep(part(this.withArguments(textOf(of)))) : of;
      }
      const read = this.#kinds[next];
      if (read) return this.#keep(read());
      if (next === "D" && /^D[pO]/.test(two)) return this.#pack();
      if (!/[\dNZS]/.test(next)) this.fail();
      return this.#keep(part(this.name().text));
    });
  }

  #keep(found: Part): Part {
    this.made(textOf(found));
    this.known.push(found);
    return found;
  }

  #pack(): Part {
    this.need("Dp");
    return this.#keep(this.type());
  }

  readonly #kinds: Readonly<Record<string, (() => Part) | undefined>> = {
    P: () => this.#pointer("P", "*"),
    R: () => this.#pointer("R", "&"),
    O: () => this.#pointer("O", "&&"),
    K: () => this.#qualified("K", " const"),
    V: () => this.#qualified("V", " volatile"),
    r: () => this.#qualified("r", " restrict"),
    F: () => this.#function(""),
    A: () => this.#array(),
    M: () => this.#memberPointer(),
    T: () => {
      const of = this.templateParameter();
      if (this.next !== "I") return of;
      this.known.push(of);
      return part(this.withArguments(textOf(of)));
    },
    u: () => {
      this.need("u");
      return part(this.source());
    },
  };

  #pointer(letter: string, mark: string): Part {
    this.need(letter);
    return pointerTo(this.type(), mark);
  }

  #qualified(letter: string, word: string): Part {
    this.need(letter);
    const of = this.type();
    if (of.pack) return { ...of, pack: of.pack.map((each) => withWord(each, word)) };
    return withWord(of, word);
  }

  #function(qualifiers: string): Part {
    this.need("F");
    this.take("Y");
    const result = this.type();
    let reference = "";
    const given = this.parameters(() => /^(?:E|[RO]E)/.test(this.two));
    if (this.take("R")) reference = " &";
    else if (this.take("O")) reference = " &&";
    this.need("E");
    const left = `${result.left}${result.isBracketed ? "" : " "}`;
    return { left, right: `(${given})${qualifiers}${reference}${result.right}`, isBracketed: true };
  }

  #array(): Part {
    this.need("A");
    const size = /\d/.test(this.next) ? `${this.number()}` : "";
    this.need("_");
    const of = this.type();
    return { left: of.left, right: ` [${size}]${of.right.trimStart()}`, isBracketed: true };
  }

  #memberPointer(): Part {
    this.need("M");
    const owner = textOf(this.type());
    const isConst = this.text.startsWith("KF", this.at);
    if (!isConst) return pointerTo(this.type(), `${owner}::*`);
    this.need("K");
    const of = this.#keep(this.#function(" const"));
    return pointerTo(of, `${owner}::*`);
  }
}
