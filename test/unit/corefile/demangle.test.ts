// Names of symbols, against what `c++filt -i` of binutils says of them.
import assert from "node:assert/strict";
import { demangled } from "../../../src/corefile/index.ts";

const NAMES: readonly (readonly [mangled: string, told: string])[] = [
  [
    "_ZN2v88internal8compiler27JsonPrintAllBytecodeSourcesERSoPNS0_24OptimizedCompilationInfoE",
    "v8::internal::compiler::JsonPrintAllBytecodeSources(std::ostream&, v8::internal::OptimizedCompilationInfo*)",
  ],
  [
    "_ZN4node7FPrintFIJRA9_KcEEEvP8_IO_FILEPS1_DpOT_",
    "void node::FPrintF<char const (&) [9]>(_IO_FILE*, char const*, char const (&) [9])",
  ],
  [
    "_ZNSsC1ERKSsmm",
    "std::basic_string<char, std::char_traits<char>, std::allocator<char> >::basic_string(std::string const&, unsigned long, unsigned long)",
  ],
  ["_ZNSt6vectorIiSaIiEE9push_backERKi", "std::vector<int, std::allocator<int> >::push_back(int const&)"],
  ["_ZNKSt6vectorIiSaIiEE4sizeEv", "std::vector<int, std::allocator<int> >::size() const"],
  ["_ZNSt8ios_base4InitC1Ev", "std::ios_base::Init::Init()"],
  ["_ZTVN10__cxxabiv117__class_type_infoE", "vtable for __cxxabiv1::__class_type_info"],
  ["_ZThn16_N5outer5inner3BoxIdLi3EE3runEi", "non-virtual thunk to outer::inner::Box<double, 3>::run(int)"],
  [
    "_ZZN5outer5inner3BoxIdLi3EE3runEiENUlT_E_clIiEEDaS3_",
    "auto outer::inner::Box<double, 3>::run(int)::{lambda(auto:1)#1}::operator()<int>(int)",
  ],
  ["_ZN12_GLOBAL__N_16hiddenEv", "(anonymous namespace)::hidden()"],
  [
    "_ZStlsISt11char_traitsIcEERSt13basic_ostreamIcT_ES5_PKc",
    "std::basic_ostream<char, std::char_traits<char> >& std::operator<< <std::char_traits<char> >(std::basic_ostream<char, std::char_traits<char> >&, char const*)",
  ],
  [
    "_ZNSt17_Function_handlerIFiiEZN5outer5inner3BoxIdLi3EE3runEiEUlT_E_E9_M_invokeERKSt9_Any_dataOi",
    "std::_Function_handler<int (int), outer::inner::Box<double, 3>::run(int)::{lambda(auto:1)#1}>::_M_invoke(std::_Any_data const&, int&&)",
  ],
  ["_Z7applierPFivEM6WidgetKFiiE", "applier(int (*)(), int (Widget::*)(int) const)"],
  ["_ZN6Widget4pokeEi.constprop.0.cold", "Widget::poke(int) [clone .constprop.0] [clone .cold]"],
  ["_ZNKR6WidgetcvbEv", "Widget::operator bool() const &"],
  ["_ZN5Outer5InnerD0Ev", "Outer::Inner::~Inner()"],
  [
    "_ZNSt4pairIKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEEiEC2Ev",
    "std::pair<std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > const, int>::pair()",
  ],
  ["_ZGVZN1a1bEvE1c", "guard variable for a::b()::c"],
  ["_Z1fILb1ELj3ELl4EEvv", "void f<true, 3u, 4l>()"],
  ["_ZltRK1AS1_", "operator<(A const&, A const&)"],
  ["_ZN1AnwEm", "A::operator new(unsigned long)"],
  ["_Z3fooiz", "foo(int, ...)"],
  ["_ZN3fooB5cxx11Ev", "foo[abi:cxx11]()"],
  ["_Z1gDnDs", "g(decltype(nullptr), char16_t)"],
  ["_ZZ4mainEs_0", "main::string literal"],
  ["_ZN1r7generic17h0d8661ca1124c95cE", "r::generic"],
  ["_ZN38_$LT$r..Person$u20$as$u20$r..Speak$GT$5speak17hdd7ce36ebe73875dE", "<r::Person as r::Speak>::speak"],
  [
    "_ZN3std2rt10lang_start28_$u7b$$u7b$closure$u7d$$u7d$17h92867224f539e9e8E",
    "std::rt::lang_start::{{closure}}",
  ],
];

describe("the names of symbols", () => {
  for (const [mangled, told] of NAMES)
    it(`tell ${mangled} as c++filt does`, () => {
      assert.equal(demangled(mangled), told);
    });

  it("are left as they are where nothing is known of their form", () => {
    for (const name of [
      "main",
      "_ZN",
      "_Z",
      "_ZN1",
      "_ZN99999aE",
      "_RNvC1a1b",
      "_Z1fDTtlE",
      "__libc_start_main",
      "",
    ])
      assert.equal(demangled(name), name);
  });

  it("are told in a moment, however they were made up", () => {
    let seed = 1;
    const random = (most: number): number => (seed = (seed * 48_271) % 2_147_483_647) % most;
    const started = performance.now();
    for (let round = 0; round < 20_000; round++) {
      const letters = [...(NAMES[random(NAMES.length)]?.[0] ?? "")];
      for (let change = 0; change <= random(4); change++)
        letters[3 + random(letters.length)] = "INSTZEJPKRF_0123aSD"[random(19)] ?? "";
      assert.equal(typeof demangled(letters.join("")), "string");
    }
    // Each part is all that came before, twice: 2 to the power of 60 letters in full.
    const doubling = Array.from(
      { length: 60 },
      (_, at) => `S${at === 0 ? "" : (at - 1).toString(36).toUpperCase()}_`,
    );
    for (const name of [
      `_Z1f${"P".repeat(4000)}i`,
      `_Z1f${"N".repeat(4000)}`,
      `_Z1f1AIiiE${doubling.map((one) => `1AI${one}${one}E`).join("")}`,
      `_Z1f${"1AI".repeat(1200)}`,
    ])
      assert.equal(typeof demangled(name), "string");
    assert.ok(performance.now() - started < 20_000);
  });
});
