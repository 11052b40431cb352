// As much of WebAssembly as is used here: Node has it, its types don't. A runtime without a compiler (`--jitless`) lacks it.
declare namespace WebAssembly {
  class Memory {
    constructor(descriptor: { readonly initial: number });
    /** 64 KiB a page. */
    readonly buffer: ArrayBuffer;
  }
  const Module: new (bytes: Uint8Array) => object;
  class Instance {
    constructor(module: object, imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>);
    readonly exports: Readonly<Record<string, unknown>>;
  }
  function validate(bytes: Uint8Array): boolean;
}
