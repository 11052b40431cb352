/** Builtin types of the Itanium C++ ABI, 5.1.5.2. */
export const BUILTIN: Readonly<Record<string, string>> = {
  ...{ v: "void", w: "wchar_t", b: "bool", c: "char", a: "signed char", h: "unsigned char", s: "short" },
  ...{ t: "unsigned short", i: "int", j: "unsigned int", l: "long", m: "unsigned long", x: "long long" },
  ...{ y: "unsigned long long", n: "__int128", o: "unsigned __int128", f: "float", d: "double" },
  ...{ e: "long double", g: "__float128", z: "..." },
  ...{ Dn: "decltype(nullptr)", Di: "char32_t", Ds: "char16_t", Du: "char8_t", Da: "auto" },
  ...{ Dc: "decltype(auto)", Dd: "decimal64", De: "decimal128", Df: "decimal32", Dh: "half" },
};

/** What is behind a number of a type that a template is made with. */
export const NUMBER_SUFFIX: Readonly<Record<string, string>> = {
  ...{ int: "", "unsigned int": "u", long: "l", "unsigned long": "ul", "long long": "ll" },
  "unsigned long long": "ull",
};

/** Operators, 5.1.3.1. */
export const OPERATORS: Readonly<Record<string, string>> = {
  ...{
    nw: " new",
    na: " new[]",
    dl: " delete",
    da: " delete[]",
    ps: "+",
    ng: "-",
    ad: "&",
    de: "*",
    co: "~",
  },
  ...{ pl: "+", mi: "-", ml: "*", dv: "/", rm: "%", an: "&", or: "|", eo: "^", aS: "=", pL: "+=", mI: "-=" },
  ...{ mL: "*=", dV: "/=", rM: "%=", aN: "&=", oR: "|=", eO: "^=", ls: "<<", rs: ">>", lS: "<<=", rS: ">>=" },
  ...{ eq: "==", ne: "!=", lt: "<", gt: ">", le: "<=", ge: ">=", ss: "<=>", nt: "!", aa: "&&", oo: "||" },
  ...{ pp: "++", mm: "--", cm: ",", pm: "->*", pt: "->", cl: "()", ix: "[]", qu: "?", aw: " co_await" },
};

/** Names of the standard library that have an abbreviation, 5.1.10; what they are in full is said of constructors. */
export const STANDARD: Readonly<Record<string, { readonly name: string; readonly full?: string }>> = {
  t: { name: "std" },
  a: { name: "std::allocator" },
  b: { name: "std::basic_string" },
  s: {
    name: "std::string",
    full: "std::basic_string<char, std::char_traits<char>, std::allocator<char> >",
  },
  i: { name: "std::istream", full: "std::basic_istream<char, std::char_traits<char> >" },
  o: { name: "std::ostream", full: "std::basic_ostream<char, std::char_traits<char> >" },
  d: { name: "std::iostream", full: "std::basic_iostream<char, std::char_traits<char> >" },
};

/** What the compiler makes itself, 5.1.4: words before what it is for. */
export const SPECIAL: Readonly<Record<string, string>> = {
  ...{ TV: "vtable for ", TT: "VTT for ", TI: "typeinfo for ", TS: "typeinfo name for " },
};
