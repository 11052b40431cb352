/** The last of `count` things by their places that `holds`, where the first ones do and the rest don't; -1 for none. */
export function lastWith(count: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
