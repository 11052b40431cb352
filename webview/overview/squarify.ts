/** A rectangle in the unit of the space it was cut from. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Cuts `space` into one box for each weight, areas in proportion, as near to squares as comes by filling rows along
 * the shorter side (Bruls, Huizing, van Wijk: Squarified Treemaps, 2000). Weights must be above 0 and should come
 * greatest first; the boxes come in the same order.
 */
export function squarify(weights: readonly number[], space: Box): readonly Box[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (total <= 0 || space.width <= 0 || space.height <= 0)
    return weights.map(() => ({ x: space.x, y: space.y, width: 0, height: 0 }));
  const scale = (space.width * space.height) / total;
  const areas = weights.map((weight) => weight * scale);
  const boxes: Box[] = [];
  let rest = space;
  let from = 0;
  while (from < areas.length) {
    const side = Math.min(rest.width, rest.height);
    let end = from + 1;
    while (end < areas.length && worst(areas, from, end + 1, side) <= worst(areas, from, end, side)) end++;
    rest = layRow(areas.slice(from, end), rest, boxes);
    from = end;
  }
  return boxes;
}

/** The worst ratio of the sides of a box in the row `[from, end)` laid along `side`. */
function worst(areas: readonly number[], from: number, end: number, side: number): number {
  const row = areas.slice(from, end);
  const sum = row.reduce((total, area) => total + area, 0);
  const thick = sum / side;
  return Math.max(...row.map((area) => Math.max(thick ** 2 / area, area / thick ** 2)));
}

/** Puts a row along the shorter side of `space` and gives what is left. */
function layRow(row: readonly number[], space: Box, boxes: Box[]): Box {
  const { x, y, width, height } = space;
  const sum = row.reduce((total, area) => total + area, 0);
  const isWide = width >= height;
  const thick = sum / (isWide ? height : width);
  let at = 0;
  for (const area of row) {
    const long = area / thick;
    boxes.push(
      isWide ? { x, y: y + at, width: thick, height: long } : { x: x + at, y, width: long, height: thick },
    );
    at += long;
  }
  return isWide
    ? { x: x + thick, y, width: width - thick, height }
    : { x, y: y + thick, width, height: height - thick };
}
