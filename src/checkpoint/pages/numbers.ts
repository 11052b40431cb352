/** A list of numbers that grows; a plain array of a million numbers takes several times as much. */
export class NumberList<A extends Float64Array | Uint32Array | Uint8Array> {
  length = 0;
  #values: A;
  readonly #make: (length: number) => A;

  constructor(make: (length: number) => A) {
    this.#make = make;
    this.#values = make(64);
  }

  push(value: number): void {
    if (this.length === this.#values.length) {
      const larger = this.#make(this.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.length++] = value;
  }

  /** The values, without room to grow. */
  done(): A {
    const exact = this.#make(this.length);
    exact.set(this.#values.subarray(0, this.length));
    return exact;
  }
}
