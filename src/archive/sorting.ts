import { turns } from "./turns.ts";

/** A list of no more than this is sorted at once: a millisecond or two. */
const AT_ONCE = 2048;

/** The order of names by code unit: indexes into `names`. A long list is sorted in slices that let others run. */
export async function orderOf(names: readonly string[]): Promise<Int32Array> {
  const order = new Int32Array(names.length);
  for (let at = 0; at < order.length; at++) order[at] = at;
  const compare = (a: number, b: number): number => {
    const [left = "", right = ""] = [names[a], names[b]];
    return left < right ? -1 : left > right ? 1 : 0;
  };
  const turn = turns();
  for (let at = 0; at < order.length; at += AT_ONCE) {
    order.subarray(at, at + AT_ONCE).sort(compare);
    await turn.now();
  }
  let from = order;
  let to = new Int32Array(order.length);
  for (let run = AT_ONCE; run < from.length; run *= 2) {
    for (let start = 0; start < from.length; start += 2 * run) {
      const middle = Math.min(start + run, from.length);
      const end = Math.min(start + 2 * run, from.length);
      let left = start;
      let right = middle;
      for (let at = start; at < end; at++) {
        const isLeft = left < middle && (right >= end || compare(from[left] ?? 0, from[right] ?? 0) <= 0);
        to[at] = from[isLeft ? left++ : right++] ?? 0;
        const pause = turn.step();
        if (pause) await pause;
      }
    }
    [from, to] = [to, from];
  }
  return from;
}
