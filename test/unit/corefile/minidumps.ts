// Minidumps made by hand, for what no real one has: by the structures of Microsoft's `minidumpapiset.h`, not by the code
// under test.

/** A range of memory. */
export interface MadeRange {
  readonly start: bigint;
  readonly bytes: Buffer;
}

export interface MadeMinidump {
  /** ProcessorArchitecture and PlatformId of SystemInfo. */
  readonly architecture?: number;
  readonly platform?: number;
  readonly threads?: readonly { readonly tid: number; readonly context: Buffer }[];
  readonly memory?: readonly MadeRange[];
  /** As one Memory64List in place of a MemoryList. */
  readonly isLarge?: boolean;
  /** More streams by type. */
  readonly streams?: Readonly<Record<number, Buffer>>;
}

export const STREAM = {
  threads: 3,
  memory: 5,
  system: 7,
  memory64: 9,
  regions: 16,
  maps: 0x47670009,
} as const;

const words = (...values: readonly (number | bigint)[]): Buffer =>
  Buffer.concat(
    values.map((value) => {
      const bytes = Buffer.alloc(typeof value === "bigint" ? 8 : 4);
      if (typeof value === "bigint") bytes.writeBigUInt64LE(value);
      else bytes.writeUInt32LE(value);
      return bytes;
    }),
  );

/** Streams that lead to bytes elsewhere are written behind those. */
export function makeMinidump({
  architecture = 9,
  platform = 0x8201,
  threads = [],
  memory = [],
  isLarge = false,
  streams = {},
}: MadeMinidump): Buffer {
  const parts: Buffer[] = [Buffer.alloc(32)];
  let size = 32;
  const put = (bytes: Buffer): number => {
    const at = size;
    parts.push(bytes);
    size += bytes.length;
    return at;
  };
  const system = Buffer.alloc(56);
  system.writeUInt16LE(architecture, 0);
  system.writeUInt32LE(platform, 20);
  const threadRows = threads.map(({ tid, context }) =>
    Buffer.concat([words(tid, 0, 0, 0, 0n, 0n, 0, 0, context.length, put(context))]),
  );
  const places = memory.map(({ bytes }) => put(bytes));
  const list = isLarge
    ? words(
        BigInt(memory.length),
        BigInt(places[0] ?? 0),
        ...memory.flatMap(({ start, bytes }) => [start, BigInt(bytes.length)]),
      )
    : words(
        memory.length,
        ...memory.flatMap(({ start, bytes }, index) => [start, bytes.length, places[index] ?? 0]),
      );
  const all = new Map<number, Buffer>([
    [STREAM.system, system],
    [STREAM.threads, Buffer.concat([words(threads.length), ...threadRows])],
    [isLarge ? STREAM.memory64 : STREAM.memory, list],
    ...Object.entries(streams).map(([type, bytes]): [number, Buffer] => [Number(type), bytes]),
  ]);
  const directory = [...all].map(([type, bytes]) => words(type, bytes.length, put(bytes)));
  const at = put(Buffer.concat(directory));
  parts[0] = Buffer.concat([Buffer.from("MDMP"), words(0xa793, all.size, at, 0, 0, 0n)]);
  return Buffer.concat(parts);
}
