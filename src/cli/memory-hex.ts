const ROW = 16;

/** Bytes as `hexdump -C` prints them, with addresses of the process. Rows that repeat are one `*`. */
export class HexDump {
  #address: bigint;
  #row = new Uint8Array(0);
  #last: string | undefined;
  #starred = false;

  constructor(address: bigint) {
    this.#address = address;
  }

  add(bytes: Uint8Array): string {
    const all = this.#row.length === 0 ? bytes : Buffer.concat([this.#row, bytes]);
    const whole = all.length - (all.length % ROW);
    let text = "";
    for (let at = 0; at < whole; at += ROW) text += this.#line(all.subarray(at, at + ROW));
    this.#row = Uint8Array.from(all.subarray(whole));
    return text;
  }

  /** Bytes that can't be had. */
  skip(length: number, why: string): string {
    const text = this.#flush();
    const from = label(this.#address);
    this.#address += BigInt(length);
    this.#last = undefined;
    this.#starred = false;
    return `${text}${from}  ${length} bytes can't be had: ${why}\n`;
  }

  end(): string {
    return `${this.#flush()}${label(this.#address)}\n`;
  }

  #flush(): string {
    if (this.#row.length === 0) return "";
    const text = this.#line(this.#row);
    this.#row = new Uint8Array(0);
    return text;
  }

  #line(row: Uint8Array): string {
    const from = label(this.#address);
    this.#address += BigInt(row.length);
    const digits = Array.from(row, (byte) => byte.toString(16).padStart(2, "0"));
    const hex = `${digits.slice(0, 8).join(" ")}  ${digits.slice(8).join(" ")}`.padEnd(ROW * 3);
    const text = Array.from(row, (byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "."));
    const line = `${hex}  |${text.join("")}|`;
    if (row.length === ROW && line === this.#last) {
      const star = this.#starred ? "" : "*\n";
      this.#starred = true;
      return star;
    }
    this.#last = line;
    this.#starred = false;
    return `${from}  ${line}\n`;
  }
}

const label = (address: bigint): string => address.toString(16).padStart(8, "0");
