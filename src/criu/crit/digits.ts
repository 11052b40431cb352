// Digits as bytes: decimal ones two at a time.
const ZERO = 0x30;
const LETTER_A = 0x61;
/** The digits of 0 to 99, from the lower to the higher. */
const PAIRS = Uint8Array.from({ length: 200 }, (_, at) => {
  const number = at >> 1;
  return ZERO + ((at & 1) === 0 ? number % 10 : (number / 10) | 0);
});

/** Numbers are divided in halves, each of them an integer that the machine divides quickly. */
const HALF = 1e8;

/** Writes a whole number from 0 to 2^53 at `at`. Gives where it ends. */
export function addDecimal(text: Uint8Array, at: number, value: number): number {
  const head = Math.floor(value / HALF);
  if (head === 0) return addDigits(text, at, value, digitCount(value));
  return addDigits(text, addDigits(text, at, head, digitCount(head)), value - head * HALF, 8);
}

/** `count` digits of a number below 2^31. Gives where they end. */
function addDigits(text: Uint8Array, start: number, value: number, count: number): number {
  let at = start + count;
  let left = value | 0;
  while (at - start >= 2) {
    const rest = (left / 100) | 0;
    const pair = (left - rest * 100) * 2;
    text[--at] = PAIRS[pair] ?? 0;
    text[--at] = PAIRS[pair + 1] ?? 0;
    left = rest;
  }
  if (at > start) text[start] = ZERO + left;
  return start + count;
}

function digitCount(value: number): number {
  let count = 1;
  for (let limit = 10; value >= limit; limit *= 10) count++;
  return count;
}

/** Digits of a number of 64 bits in two halves, in hex without leading zeros. */
export function hexDigitCount(low: number, high: number): number {
  const [half, digits] = high === 0 ? [low, 8] : [high, 16];
  return half === 0 ? 1 : digits - (Math.clz32(half) >> 2);
}

/** Writes the last `count` hex digits of a number of 64 bits so that they end at `end`. */
export function setHex(text: Uint8Array, end: number, count: number, low: number, high: number): void {
  let left = low | 0;
  for (let digit = 1; digit <= count; digit++) {
    const nibble = left & 15;
    text[end - digit] = nibble < 10 ? ZERO + nibble : LETTER_A + nibble - 10;
    left = digit === 8 ? high | 0 : left >>> 4;
  }
}
