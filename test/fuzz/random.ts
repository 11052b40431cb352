/** Numbers that look random and depend on nothing but a seed: a case is made again from its seed and its number. */
export interface Random {
  /** A whole number in `[0, below)`; 0 when `below` is 0. */
  below(below: number): number;
  pick<T>(items: readonly T[]): T;
  bytes(length: number): Uint8Array;
}

/** xorshift128 over a splitmix of seed and stream. */
export function randomOf(seed: number, stream: number): Random {
  let mixed = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca6b)) >>> 0;
  const mix = (): number => {
    mixed = (mixed + 0x9e3779b9) >>> 0;
    let z = mixed;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
  let [a, b, c, d] = [mix(), mix(), mix(), mix() | 1];
  const next = (): number => {
    const t = a ^ (a << 11);
    [a, b, c] = [b, c, d];
    d = (d ^ (d >>> 19) ^ t ^ (t >>> 8)) >>> 0;
    return d;
  };
  const below = (limit: number): number => (limit <= 0 ? 0 : Math.floor((next() / 2 ** 32) * limit));
  return {
    below,
    pick<T>(items: readonly T[]): T {
      // The caller gives at least one item, so there is one at every such index.
      return items[below(items.length)] as T;
    },
    bytes: (length) => Uint8Array.from({ length }, () => next() & 0xff),
  };
}
