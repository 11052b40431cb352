// Words for values beside those that crit has for them, over all images of the corpus that it can decode.
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { showField, showList } from "../../../src/criu/index.ts";
import type { FieldNode, MessageNode } from "../../../src/criu/index.ts";
import { corpusImages, critEntries, readImage } from "./corpus.ts";

const CORPUS = fileURLToPath(new URL("../../fixtures/corpus", import.meta.url));

/** A value that crit prints as words, and ours. */
interface Pair {
  readonly place: string;
  readonly field: string;
  readonly theirs: string;
  readonly ours: string;
}

async function pairsOf(fixture: string, crit = "crit"): Promise<readonly Pair[]> {
  const pairs: Pair[] = [];
  for (const image of await corpusImages(fixture, "img", crit).catch(() => [])) {
    // What crit takes for entries of these is none (docs/crit-differences.md).
    if (image.critPath === undefined || /^ipcns[-_]shm|^ghost-file/.test(image.name)) continue;
    const rows = await critEntries(image.critPath);
    for await (const { index, message } of (await readImage(image)).entries())
      compare(message, rows[index] ?? {}, `${fixture}/${image.name} entries[${index}]`, pairs);
  }
  return pairs;
}

function compare(
  message: MessageNode,
  row: Readonly<Record<string, unknown>>,
  place: string,
  pairs: Pair[],
): void {
  for (const [name, theirs] of Object.entries(row)) {
    const nodes = message.fields.filter((field) => field.name === name);
    const [first] = nodes;
    if (!first) continue;
    const field = `${message.schema?.name ?? ""}.${name}`;
    const add = (text: unknown, node: FieldNode): void => {
      if (isMessage(node.value))
        compare(node.value, text as Record<string, unknown>, `${place}.${name}`, pairs);
      else if (
        typeof text === "string" &&
        typeof node.value !== "string" &&
        !(node.value instanceof Uint8Array)
      )
        pairs.push({ place, field, theirs: text, ours: showField(node, 1000, message) });
    };
    if (!Array.isArray(theirs)) add(theirs, nodes.at(-1) ?? first);
    // An address is one text of several numbers.
    else if (typeof theirs[0] === "string" && first.schema?.show === "ip")
      pairs.push({ place, field, theirs: theirs[0], ours: showList(nodes) });
    else theirs.forEach((text, at) => nodes[at] && add(text, nodes[at]));
  }
}

function isMessage(value: FieldNode["value"]): value is MessageNode {
  return typeof value === "object" && "kind" in value;
}

/** Whether ours has crit's words: `0` for no flag at all, the number behind an enum's name, rights before those of memory. */
function isSame({ theirs, ours }: Pair): boolean {
  const words = theirs === "" ? "0" : theirs;
  return ours.replace(/ \(-?\d+\)$/, "").replace(/^[r-][w-][x-] /, "") === words;
}

describe("words for values", () => {
  it("have the names, flags, devices and addresses that crit prints", async () => {
    const seen = new Map<string, Pair>();
    for (const file of await readdir(CORPUS))
      for (const pair of await pairsOf(`corpus/${file.replace(/\.tar\.gz$/, "")}`))
        if (!/^-?0x[0-9a-f]+$/.test(pair.theirs)) seen.set(`${pair.field} ${pair.theirs}`, pair);
    const pairs = [...seen.values()];
    const others = pairs.filter((pair) => !isSame(pair));
    // Of states of tasks the names are CRIU's own (docs/crit-differences.md). A bit that crit has no name for.
    assert.deepEqual(
      others.map(({ theirs, ours }) => [theirs, ours]),
      [
        ["Alive", "ALIVE (1)"],
        ["MAP_PRIVATE | MAP_ANON | 0x4000", "MAP_PRIVATE | MAP_ANON | MAP_NORESERVE"],
      ],
    );
    const fields = new Set(pairs.map(({ field }) => field));
    for (const field of [
      ...[
        "vma_entry.prot",
        "vma_entry.flags",
        "vma_entry.status",
        "reg_file_entry.flags",
        "fdinfo_entry.type",
      ],
      ...["inet_sk_entry.family", "inet_sk_entry.type", "inet_sk_entry.proto", "inet_sk_entry.state"],
      ...["inet_sk_entry.src_addr", "unix_sk_entry.shutdown", "mnt_entry.root_dev", "inotify_wd_entry.s_dev"],
      ...[
        "memfd_inode_entry.seals",
        "thread_core_entry.seccomp_mode",
        "pagemap_entry.flags",
        "core_entry.mtype",
      ],
    ])
      assert.ok(fields.has(field), `${field} is in no image`);
    assert.ok(pairs.length > 120, `${pairs.length} values`);
  });

  it("are crit's in every field that crit has words for, whatever the number", async () => {
    const words = (await pairsOf("crit/every-message", "pretty")).filter(
      ({ theirs }) => !/^-?0x[0-9a-f]+$/.test(theirs),
    );
    const others = words.filter((pair) => !isSame(pair) && !isSameWithOurNames(pair));
    // The names of states are CRIU's own (docs/crit-differences.md).
    assert.deepEqual(
      others.map(({ theirs, ours }) => [theirs, ours]),
      [
        ["Zombie", "STOPPED (3)"],
        ["Stopped", "ZOMBIE (6)"],
      ],
    );
    const fields = new Set(words.map(({ field }) => field));
    assert.ok(fields.size > 40, `${fields.size} fields`);
    const flags = words.filter(({ theirs }) => theirs.includes(" | "));
    assert.ok(flags.length > 40, `${flags.length} sets of flags`);
  });
});

/** Whether ours has crit's names, and names of its own for bits that crit leaves in one number. */
function isSameWithOurNames({ theirs, ours }: Pair): boolean {
  const [, names, rest] = /^(.*) \| (0x[0-9a-f]+)$/.exec(theirs) ?? [];
  if (names === undefined || rest === undefined) return false;
  const [mine, theirNames] = [ours.split(" | "), names.split(" | ")];
  const extra = mine.filter((name) => !theirNames.includes(name));
  return theirNames.every((name) => mine.includes(name)) && extra.length > 0 && !extra.includes(rest);
}
