import type { Content } from "../content.ts";
import { enumName, flagNames } from "../names.ts";
import { fileKind } from "./kind.ts";

/** What is in a map. */
export interface BpfMapData {
  readonly count: number;
  /** `count` keys of `keySize` bytes, then as many values of `valueSize` bytes. */
  readonly content: Content;
  readonly keyBytes: number;
}

/** A map of bpf(2). */
export interface BpfMap {
  readonly kind: "bpfmap";
  readonly mapId: number;
  /** `BPF_MAP_TYPE_HASH` … */
  readonly type: string;
  readonly name: string;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: readonly string[];
  /** Bytes of locked memory. */
  readonly memlock: bigint;
  readonly frozen: boolean;
  readonly interfaceIndex: number;
  readonly data: BpfMapData | undefined;
}

export const BPF_MAP = fileKind(
  "BPFMAP",
  "bpf",
  async (file, context) => ({
    description: `bpf map ${file.map_name} of ${file.max_entries} entries`,
    flags: file.flags,
    position: file.pos,
    owner: file.fown,
    detail: {
      kind: "bpfmap",
      mapId: file.map_id,
      type: enumName("bpf.map_type", file.map_type),
      name: file.map_name,
      keySize: file.key_size,
      valueSize: file.value_size,
      maxEntries: file.max_entries,
      flags: flagNames("bpf.map_flags", file.map_flags),
      memlock: file.memlock,
      frozen: file.frozen,
      interfaceIndex: file.ifindex,
      data: await context.bpfMapData(file.map_id),
    },
  }),
  { file: "bpfmap-file.img", message: "bpfmap_file_entry" },
);
