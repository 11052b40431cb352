// seek-bzip brings no types. What is used of it here.
declare module "seek-bzip" {
  interface Input {
    readByte(): number;
    read(buffer: Uint8Array, offset: number, length: number): number;
  }
  interface Output {
    writeByte(byte: number): void;
  }
  export default class Bunzip {
    constructor(input: Input, output: Output);
    readonly reader: { read(bits: number): number };
    readonly streamCRC: number;
    /** Decodes the next block; false at the end of the stream. */
    _init_block(): boolean;
    /** Hands the block's bytes to the output and checks them. */
    _read_bunzip(): void;
    _start_bunzip(input: Input, output: Output): void;
  }
}
