/**
 * Reads the elements of protobuf's wire format one after the other. A varint is left in `low` and `high` (two
 * unsigned 32-bit halves), because making a bigint of every tag and small number would cost most of the time.
 */
export class WireReader {
  position = 0;
  low = 0;
  high = 0;
  private lazyView: DataView | undefined;

  constructor(readonly bytes: Uint8Array) {}

  /** Made on first use: most messages are small and have varints only. */
  private get view(): DataView {
    const { buffer, byteOffset, byteLength } = this.bytes;
    return (this.lazyView ??= new DataView(buffer, byteOffset, byteLength));
  }

  /** Reads a varint that ends before `end`. False, and nothing moved, when it is cut off or longer than 10 bytes. */
  varint(end: number): boolean {
    let low = 0;
    let high = 0;
    let position = this.position;
    for (let shift = 0; shift < 70 && position < end; shift += 7) {
      const byte = this.bytes[position++] ?? 0;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high |= bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) {
        this.position = position;
        this.low = low >>> 0;
        this.high = high >>> 0;
        return true;
      }
    }
    return false;
  }

  /** The varint read last, as an unsigned 64-bit number. */
  get unsigned(): bigint {
    return this.high === 0 ? BigInt(this.low) : (BigInt(this.high) << 32n) | BigInt(this.low);
  }

  uint32At(position: number): number {
    return this.view.getUint32(position, true);
  }

  uint64At(position: number): bigint {
    return this.view.getBigUint64(position, true);
  }

  floatAt(position: number): number {
    return this.view.getFloat32(position, true);
  }

  doubleAt(position: number): number {
    return this.view.getFloat64(position, true);
  }
}
