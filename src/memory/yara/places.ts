import type { SharedPages, Sighting } from "../search/shared-pages.ts";
import type { AddressSpace } from "../space/address-space.ts";

/** Where a pattern of a rule is. */
export interface YaraPlace {
  /** `$a`; empty for a rule of a region that has no pattern there, whose place is the region's begin. */
  readonly pattern: string;
  readonly address: bigint;
  readonly length: number;
  /** Everywhere the same bytes are mapped, this place first. */
  readonly sightings: readonly Sighting[];
  /** The bytes (4 KiB at most) with their context. */
  readonly before: Uint8Array;
  readonly bytes: Uint8Array;
  readonly after: Uint8Array;
}

/** A place without what lies around it. */
export type PlaceRow = Pick<YaraPlace, "pattern" | "address" | "length">;

const MAX_SENT = 4096;

export const byAddress = (a: PlaceRow, b: PlaceRow): number =>
  a.address < b.address ? -1 : a.address > b.address ? 1 : 0;

/** Makes places of rows: by address, with the bytes and what lies around them when `context` isn't 0. */
export function placesIn(
  space: AddressSpace,
  shared: SharedPages,
  context: number,
): (rows: readonly PlaceRow[]) => Promise<readonly YaraPlace[]> {
  return async (rows) => {
    const found: YaraPlace[] = [];
    for (const { pattern, address, length } of rows.toSorted(byAddress)) {
      const lead = context > 0 && address > BigInt(context) ? context : 0;
      const sent = Math.min(length, MAX_SENT);
      const around =
        context > 0 ? await aroundOf(space, address - BigInt(lead), lead + sent + context) : NOTHING;
      found.push({
        pattern,
        address,
        length,
        sightings: shared.sightings(space, address),
        before: around.subarray(0, lead),
        bytes: around.subarray(lead, lead + sent),
        after: around.subarray(lead + sent),
      });
    }
    return found;
  };
}

const NOTHING = new Uint8Array(0);

/** Bytes with zeros where there are none: the place stays where it is. */
async function aroundOf(space: AddressSpace, address: bigint, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (const piece of await space.read(address, length))
    if (piece.bytes) bytes.set(piece.bytes, Number(piece.address - address));
  return bytes;
}
