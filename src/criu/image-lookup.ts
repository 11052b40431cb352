import { IMAGE_TYPES } from "./image-types.ts";
import type { ImageType } from "./model.ts";

/** First word of ordinary images since version 1.1 (`criu/include/magic.h`: IMG_COMMON_MAGIC). */
export const COMMON_MAGIC = 0x54564319;
/** First word of stats and irmap-cache (IMG_SERVICE_MAGIC). */
export const SERVICE_MAGIC = 0x55105940;
/** The inventory has its own magic alone, whatever the version. */
export const INVENTORY_MAGIC = 0x58313116;

/** What a `%` of a pattern stands for: all ids are numbers that printf wrote. */
const PLACEHOLDERS: Readonly<Record<string, string>> = {
  "%u": "(\\d+)",
  "%lu": "(\\d+)",
  "%d": "(-?\\d+)",
  "%ld": "(-?\\d+)",
  "%x": "([0-9a-f]+)",
};

interface NamedType {
  readonly type: ImageType;
  /** Whether a file name fits the type's pattern. */
  readonly fits: (base: string) => boolean;
}

const NAMED_TYPES: readonly NamedType[] = IMAGE_TYPES.map((type) => {
  const [prefix = ""] = type.pattern.split("%", 1);
  // Made when a name begins as the pattern does: to make all takes longer than to decode most images.
  let regexp: RegExp | undefined;
  return {
    type,
    fits: (base) => base.startsWith(prefix) && (regexp ??= patternRegExp(type.pattern)).test(base),
  };
});

/** Matches file names of a pattern; one group per placeholder. */
function patternRegExp(pattern: string): RegExp {
  const parts = pattern.split(/(%l?[udx])/).map((part) => PLACEHOLDERS[part] ?? part.replaceAll(".", "\\."));
  return new RegExp(`^${parts.join("")}$`);
}

/** The type whose pattern a file name fits, by name alone. Current types come before legacy ones. */
export function imageTypeByName(name: string): ImageType | undefined {
  const base = baseName(name);
  return NAMED_TYPES.find(({ fits }) => fits(base))?.type;
}

/**
 * The type with this magic. Where several share it (PAGEMAP and SHMEM_PAGEMAP, SIGNAL and PSIGNAL, BINFMT_MISC and
 * BINFMT_MISC_OLD) the file name decides, and the first row of the table where the name says nothing.
 */
export function imageTypeByMagic(name: string, magic: number): ImageType | undefined {
  if (magic === 0) return undefined;
  const base = baseName(name);
  const sharing = NAMED_TYPES.filter(({ type }) => type.magic === magic);
  return (sharing.find(({ fits }) => fits(base)) ?? sharing[0])?.type;
}

/** A row of the magic table by crit's name for it: `CORE`. */
export function imageTypeNamed(typeName: string): ImageType | undefined {
  return IMAGE_TYPES.find((type) => type.name === typeName);
}

/**
 * The ids in a file name, as numbers: `core-17.img` → [17], `ghost-file-1a.img` → [26]. Empty when the name doesn't
 * fit the type's pattern or the pattern has no id.
 */
export function imageIds(type: ImageType, name: string): readonly number[] {
  const found = patternRegExp(type.pattern).exec(baseName(name));
  const radixes = (type.pattern.match(/%l?[udx]/g) ?? []).map((part) => (part === "%x" ? 16 : 10));
  return found ? found.slice(1).map((digits, index) => Number.parseInt(digits, radixes[index] ?? 10)) : [];
}

/** Whether a file name is one that CRIU gives its images: `*.img`, `stats-dump`, `stats-restore`, `irmap-cache`. */
export function looksLikeImage(name: string): boolean {
  const base = baseName(name);
  return base.endsWith(".img") || ["stats-dump", "stats-restore", "irmap-cache"].includes(base);
}

function baseName(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}
