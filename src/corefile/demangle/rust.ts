// Names of Rust in its older mangling: those of C++ with a hash behind, and words for what C++'s can't hold.
const ESCAPES: Readonly<Record<string, string>> = {
  ...{ SP: "@", BP: "*", RF: "&", LT: "<", GT: ">", LP: "(", RP: ")", C: "," },
};

/** `core::fmt::write` of `_ZN4core3fmt5write17h0123456789abcdefE`; undefined where it is no such name. */
export function demangleRust(mangled: string): string | undefined {
  const [, text = "", clones = ""] = /^_ZN(.*)17h[0-9a-f]{16}E((?:\.[\w.]+)?)$/.exec(mangled) ?? [];
  const parts: string[] = [];
  for (let at = 0; at < text.length;) {
    const [digits = ""] = /^\d{1,4}/.exec(text.slice(at, at + 4)) ?? [];
    const start = at + digits.length;
    at = start + Number(digits);
    if (digits === "" || Number(digits) === 0 || at > text.length) return undefined;
    const name = text.slice(start, at).replace(/^_\$/, "$").replaceAll("..", "::");
    parts.push(name.replace(/\$(\w+)\$/g, escaped));
  }
  if (parts.length === 0) return undefined;
  // Behind the name LLVM's own marks may stand, which tell nothing.
  const copies = /^\.(?:llvm|\d)/.test(clones) ? "" : clones;
  return `${parts.join("::")}${copies === "" ? "" : ` [clone ${copies}]`}`;
}

function escaped(all: string, word: string): string {
  const code = /^u([0-9a-f]{1,6})$/.exec(word)?.[1];
  const point = code === undefined ? NaN : parseInt(code, 16);
  return point <= 0x10_ffff ? String.fromCodePoint(point) : (ESCAPES[word] ?? all);
}
