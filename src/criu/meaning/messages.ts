import { criuSchema } from "../load-schema.ts";
import type { FieldNode, FieldValue, MessageNode } from "../model.ts";
import { ipAddress } from "../crit/address.ts";
import { seccompText } from "./bpf.ts";
import { siginfoText } from "./siginfo.ts";
import { quote, showSize } from "./text.ts";
import { rightsText, showValue } from "./values.ts";

/** The fields of a message by name, ready to be put into words. */
class Fields {
  readonly #message: MessageNode;

  constructor(message: MessageNode) {
    this.#message = message;
  }

  node(name: string): FieldNode | undefined {
    return this.#message.fields.findLast((field) => field.name === name);
  }

  /** The field as its own row shows it; "" when it is missing. */
  shown(name: string): string {
    const node = this.node(name);
    return node && !isMessage(node.value) ? showValue(node.value, node.schema, criuSchema, 60) : "";
  }

  /** The name of an enum's value, without its number and without `prefix`. */
  named(name: string, prefix = ""): string {
    return this.shown(name)
      .replace(/ \(\d+\)$/, "")
      .replace(prefix, "");
  }

  /** The field as an integer; 0 when it is missing or none. */
  integer(name: string): bigint {
    const value = this.node(name)?.value;
    return typeof value === "bigint"
      ? value
      : typeof value === "number" && Number.isInteger(value)
        ? BigInt(value)
        : 0n;
  }

  /** The fields of a message below this one. */
  inside(name: string): Fields | undefined {
    const value = this.node(name)?.value;
    return value !== undefined && isMessage(value) ? new Fields(value) : undefined;
  }

  /** The elements of repeated fields of these names. */
  all(...names: readonly string[]): readonly FieldNode[] {
    return this.#message.fields.filter(({ name }) => names.includes(name));
  }

  text(name: string): string {
    const value = this.node(name)?.value;
    return typeof value === "string" && value !== "" ? quote(value, 60) : "";
  }

  bytes(name: string): Uint8Array | undefined {
    const value = this.node(name)?.value;
    return value instanceof Uint8Array ? value : undefined;
  }

  address(name: string): string | undefined {
    const words = this.#message.fields.filter((field) => field.name === name).slice(0, 5);
    return ipAddress(words.map(({ value }) => Number(value)));
  }
}

type Summary = (fields: Fields) => string | undefined;

/**
 * Messages that are read as one thing, on one line. What isn't here is told by its first fields. A new one is a row here.
 */
const SUMMARIES: Readonly<Record<string, Summary>> = {
  core_entry: (core) => {
    const task = core.inside("tc");
    const name = core.inside("thread_core")?.text("comm") || task?.text("comm");
    return [name, task?.named("task_state"), core.named("mtype")].filter(Boolean).join(", ");
  },
  // As /proc/PID/maps writes it.
  vma_entry: (vma) => {
    const shared = vma.integer("flags") & 1n ? "s" : "p";
    const kind = vma.shown("status").replaceAll(/VMA_(AREA_)?/g, "");
    return `${plainHex(vma.integer("start"))}-${plainHex(vma.integer("end"))} ${rightsText(vma.integer("prot"))}${shared} ${plainHex(vma.integer("pgoff")).padStart(8, "0")}  ${kind}`;
  },
  pagemap_entry: (entry) => pagesText(entry, blocksText(entry.inside("blocks"), "block")),
  pagemap_entry_with_page_sizes: (entry) => pagesText(entry, blocksText(entry, "page")),
  pagemap_entry_with_sizes: (entry) =>
    pagesText(entry, blocksText(entry, entry.integer("region_pages") > 0n ? "region" : "page")),
  pagemap_entry_with_regions: (entry) => pagesText(entry, blocksText(entry.inside("regions"), "region")),
  pagemap_blocks: (blocks) => blocksText(blocks, "block"),
  pagemap_regions: (regions) => blocksText(regions, "region"),
  timespec: (time) => seconds(time.integer("tv_sec"), time.integer("tv_nsec"), 9),
  timeval: (time) => seconds(time.integer("tv_sec"), time.integer("tv_usec"), 6),
  itimer_entry: (timer) => timerText(timer, "isec", "iusec", "vsec", "vusec", 6),
  posix_timer_entry: (timer) =>
    `timer ${timer.shown("it_id")}, ${timer.named("clock_id")}, ${timer.named("si_signo")}: ${timerText(timer, "isec", "insec", "vsec", "vnsec", 9)}`,
  timerfd_entry: (timer) =>
    `id ${timer.shown("id")}, ${timer.named("clockid")}: ${timerText(timer, "isec", "insec", "vsec", "vnsec", 9)}`,
  rlimit_entry: (limit) => `soft ${limit.shown("cur")}, hard ${limit.shown("max")}`,
  sa_entry: (action) => {
    const flags = action.shown("flags");
    const mask = action.shown("mask");
    return [
      action.shown("sigaction"),
      ...(flags === "0" ? [] : [flags]),
      ...(mask === "none" ? [] : [`blocks ${mask}`]),
    ].join(", ");
  },
  siginfo_entry: (entry) => {
    const word = entry.node("siginfo")?.schema?.show === "siginfo32" ? 4 : 8;
    return siginfoText(entry.bytes("siginfo") ?? new Uint8Array(0), word);
  },
  seccomp_filter: (filter) => {
    const prev = filter.node("prev") ? `, after filter ${filter.shown("prev")}` : "";
    return seccompText(filter.bytes("filter") ?? new Uint8Array(0)) + prev;
  },
  winsize_entry: (size) => `${size.shown("ws_col")} columns, ${size.shown("ws_row")} rows`,
  fown_entry: (owner) =>
    owner.integer("pid") === 0n && owner.integer("signum") === 0n
      ? "nobody"
      : `${owner.named("pid_type")} ${owner.shown("pid")}, ${owner.shown("signum")}`,
  cgroup_prop_entry: (property) => `${property.text("name")} = ${property.text("value") || '""'}`,
  uid_gid_extent: (range) =>
    `${range.shown("first")} is ${range.shown("lower_first")} outside, ${range.shown("count")} ids`,
  inet_sk_entry: (socket) => {
    const own = place(socket, "src_addr", "src_port");
    const peer = socket.integer("dst_port") === 0n ? "" : ` → ${place(socket, "dst_addr", "dst_port")}`;
    return `id ${socket.shown("id")}, ${socket.named("proto")} ${socket.named("state", "TCP_")} ${own}${peer}`;
  },
  unix_sk_entry: (socket) => {
    const name = socket.bytes("name");
    const peer = socket.integer("peer") === 0n ? "" : `, peer ${socket.shown("peer")}`;
    const at = name && name.length > 0 ? ` ${socket.shown("name")}` : "";
    return `id ${socket.shown("id")}, ${socket.named("type", "SOCK_")} ${socket.named("state", "TCP_")}${at}, inode ${socket.shown("ino")}${peer}`;
  },
  mnt_entry: (mount) =>
    `${mount.text("source") || mount.named("fstype")} on ${mount.text("mountpoint")}, ${mount.named("fstype")}, ${mount.shown("root_dev")}${mount.text("options") && `, ${mount.text("options")}`}`,
  fdinfo_entry: (fd) =>
    `fd ${fd.shown("fd")}: ${fd.named("type")} ${fd.shown("id")}${fd.integer("flags") === 0n ? "" : `, ${fd.shown("flags")}`}`,
};

/** A message in its own words; undefined where it has none. */
export function messageText(message: MessageNode): string | undefined {
  const name = message.schema?.name;
  return name === undefined || !Object.hasOwn(SUMMARIES, name)
    ? undefined
    : SUMMARIES[name]?.(new Fields(message));
}

/** `0x10000  16 pages  PE_PRESENT`. */
function pagesText(entry: Fields, blocks: string | undefined): string {
  const pages = entry.node("nr_pages") ? entry.integer("nr_pages") : entry.integer("compat_nr_pages");
  return [`${entry.shown("vaddr")}  ${counted(pages, "page")}  ${entry.shown("flags")}`, blocks]
    .filter(Boolean)
    .join("  ");
}

/** `1.2 KiB in 4 blocks, 2 of them all zero`: compressed pages, in whichever form. */
function blocksText(entry: Fields | undefined, unit: string): string | undefined {
  const sizes = entry?.all("block_sizes", "region_sizes", "compressed_size") ?? [];
  if (!entry || sizes.length === 0) return undefined;
  const total = entry.node("total_payload_size") ? "total_payload_size" : "total_compressed_size";
  const zero = sizes.filter(({ value }) => value === 0).length;
  const stored = `${showSize(Number(entry.integer(total)))} in ${counted(BigInt(sizes.length), unit)}`;
  return zero === 0 ? stored : `${stored}, ${String(zero)} of them all zero`;
}

function counted(count: bigint, unit: string): string {
  return `${String(count)} ${unit}${count === 1n ? "" : "s"}`;
}

function isMessage(value: FieldValue): value is MessageNode {
  return typeof value === "object" && "kind" in value;
}

function plainHex(value: bigint): string {
  return value.toString(16);
}

/** `127.0.0.1:80`, `[::1]:80`. */
function place(socket: Fields, address: string, port: string): string {
  const host = socket.address(address) ?? "?";
  return `${host.includes(":") ? `[${host}]` : host}:${socket.shown(port)}`;
}

/** `1.5 s` out of whole seconds and a fraction of `digits` digits. */
function seconds(whole: bigint, fraction: bigint, digits: number): string {
  const rest = String(fraction).padStart(digits, "0").replace(/0+$/, "");
  return `${String(whole)}${rest && `.${rest}`} s`;
}

function timerText(
  timer: Fields,
  isec: string,
  ifraction: string,
  vsec: string,
  vfraction: string,
  digits: number,
): string {
  const [left, every] = [
    [timer.integer(vsec), timer.integer(vfraction)] as const,
    [timer.integer(isec), timer.integer(ifraction)] as const,
  ];
  const isZero = ([whole, fraction]: readonly [bigint, bigint]): boolean => whole === 0n && fraction === 0n;
  if (isZero(left) && isZero(every)) return "not armed";
  const again = isZero(every) ? "once" : `then every ${seconds(...every, digits)}`;
  return `in ${seconds(...left, digits)}, ${again}`;
}
