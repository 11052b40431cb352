// What the stripe beside a mapping tells.
import type { MemoryOriginKind } from "../../src/protocol/index.ts";
import type { Area } from "./area.ts";

/** In the order in which they are told. */
export const ORIGINS: readonly MemoryOriginKind[] = ["dumped", "layer", "file", "zero", "unavailable"];

/** The name of the colour of a mapping's stripe; `entropy` in bits a byte, null where there are no bytes. */
export const COLOURS: Readonly<Record<ColourBy, (area: Area, entropy: number | null | undefined) => string>> =
  {
    Protection: ({ permissions }: Area): string =>
      permissions.slice(1, 3) === "wx"
        ? "wx"
        : permissions[2] === "x"
          ? "x"
          : permissions[1] === "w"
            ? "w"
            : permissions[0] === "r"
              ? "r"
              : "none",
    Kind: ({ kind }: Area): string => kind,
    /** Where most of it comes from. */
    Origin: ({ bytes }: Area): string =>
      ORIGINS.reduce((most, kind) => ((bytes[kind] ?? 0) > (bytes[most] ?? 0) ? kind : most)),
    /** Of some pages of each; what isn't known yet has no colour. */
    Entropy: (_area, entropy) =>
      entropy === undefined
        ? "none"
        : entropy === null
          ? "e-empty"
          : (ENTROPIES.find(({ from }) => entropy >= from)?.colour ?? "e-plain"),
  };
export type ColourBy = "Protection" | "Kind" | "Origin" | "Entropy";

/** What bits a byte mean, the most first. */
export const ENTROPIES: readonly {
  readonly from: number;
  readonly colour: string;
  readonly words: string;
}[] = [
  { from: 7.5, colour: "e-random", words: "compressed, encrypted or random" },
  { from: 6, colour: "e-dense", words: "dense" },
  { from: 3, colour: "e-mixed", words: "code, text or structures" },
  { from: 0, colour: "e-plain", words: "sparse" },
];
