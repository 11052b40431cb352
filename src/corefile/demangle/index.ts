// Names of symbols as their languages write them.
import { demangleItanium } from "./itanium.ts";
import { demangleRust } from "./rust.ts";

/** The name that a symbol stands for, of Rust's older mangling or of C++; the symbol itself where it is another. Never throws. */
export const demangled = (symbol: string): string =>
  symbol.startsWith("_Z") ? (demangleRust(symbol) ?? demangleItanium(symbol) ?? symbol) : symbol;
