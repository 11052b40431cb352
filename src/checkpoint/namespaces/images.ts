import type { Layer } from "../layers.ts";

/** The ids of a family of images, `PREFIX-ID.img`, that a layer has, in their order. */
export function idsOf(layer: Layer, prefix: string): readonly number[] {
  const pattern = new RegExp(`^${prefix}-(\\d{1,10})\\.img$`);
  return [...layer.files.keys()]
    .flatMap((name) => {
      const id = pattern.exec(name)?.[1];
      return id === undefined ? [] : [Number(id)];
    })
    .toSorted((a, b) => a - b);
}
