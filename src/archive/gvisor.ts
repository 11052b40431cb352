// The state file of `runsc checkpoint`: magic, u64 (big endian) length of a JSON object of strings, that object, then the
// state in gVisor's own encoding (pkg/state/statefile/statefile.go).
import { readExactly, type ByteSource } from "../bytes/index.ts";
import type { ForeignHead } from "./origin.ts";

const MAGIC = Buffer.from("gVisorSF", "latin1");
const HEAD = 16;
/** As gVisor's own reader has it. */
const MAX_METADATA = 16 * 1024 * 1024;
const MAX_FACTS = 100;
const MAX_VALUE = 1000;
const MAX_CONTAINERS = 256;

/** Its keys in words (runsc/boot/restore.go, pkg/sentry/state/state.go); any other is shown as it is. */
const LABELS: Readonly<Record<string, string>> = {
  compression: "Compression",
  _timestamp: "Written",
  timestamp: "Frozen",
  cpu_usage: "Processor time",
  runsc_version: "runsc",
  container_count: "Containers",
};
/** The OCI specs of the containers, by name, as JSON in the JSON. */
const SPECS = "container_specs";

/** Undefined when it is no state file; one whose metadata is broken is still one. */
export async function readGvisor(source: ByteSource): Promise<ForeignHead | undefined> {
  const head = Buffer.from(await source.read(0, HEAD));
  if (head.length < HEAD || !head.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  const format = ["Format", "gVisor state file (runsc checkpoint)"] as const;
  const length = Number(head.readBigUInt64BE(MAGIC.length));
  const text =
    length > MAX_METADATA || HEAD + length > source.size
      ? ""
      : Buffer.from(await readExactly(source, HEAD, length)).toString("utf8");
  const metadata = parsed(text);
  if (metadata === undefined) return { kind: "gvisor", facts: [format, ["Metadata", "broken"]], specs: [] };
  const pairs = Object.entries(metadata).filter(([key]) => key !== SPECS);
  return {
    kind: "gvisor",
    facts: [
      format,
      ...pairs
        .slice(0, MAX_FACTS)
        .map(([key, value]) => [labelOf(key), String(value).slice(0, MAX_VALUE)] as const),
      ["State", `${source.size - HEAD - length} bytes behind the metadata`],
    ],
    specs: specsIn(metadata[SPECS]),
  };
}

const labelOf = (key: string): string => (Object.hasOwn(LABELS, key) ? LABELS[key] : undefined) ?? key;

function specsIn(text: unknown): ForeignHead["specs"] {
  return Object.entries((typeof text === "string" ? parsed(text) : undefined) ?? {}).slice(0, MAX_CONTAINERS);
}

/** The object that a text is as JSON; undefined when it is none. */
function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    // Nothing is believed of its fields: each is looked at where it is used.
    return isObject ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
