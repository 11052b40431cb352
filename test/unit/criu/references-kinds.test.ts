// Each kind of reference beside crit's JSON: a number leads to the entry that has it in the place where CRIU looks it up when
// it restores (the files named below), and "find references" gives every place where crit prints it.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { findDefinition, findReferences, referenceOf } from "../../../src/criu/index.ts";
import type { ImageSet, MessageNode, Reference } from "../../../src/criu/index.ts";
import { fixture } from "../fixtures.ts";
import { readImage } from "./corpus.ts";

/** A number in crit's JSON. */
interface Printed {
  readonly file: string;
  /** `entries[5].pipe.pipe_id` */
  readonly path: string;
  readonly value: number;
}

interface Layer {
  readonly images: ImageSet;
  /** Every number that crit prints. */
  readonly numbers: readonly Printed[];
}

async function layerOf(name: string, imageFolder = "img", critFolder = "crit"): Promise<Layer> {
  const root = await fixture(name);
  const [folder, crit] = [join(root, imageFolder), join(root, critFolder)];
  const numbers: Printed[] = [];
  for (const json of (await readdir(crit)).filter((each) => each.endsWith(".json"))) {
    const { entries } = JSON.parse(await readFile(join(crit, json), "utf8")) as { entries: unknown };
    walk(entries, "entries", (path, value) =>
      numbers.push({ file: json.replace(/\.json$/, ""), path, value }),
    );
  }
  const images: ImageSet = {
    names: (await readdir(folder)).toSorted(),
    use: async (file, work) => work(await readImage({ name: file, path: join(folder, file) })),
  };
  return { images, numbers };
}

function walk(value: unknown, path: string, found: (path: string, value: number) => void): void {
  if (typeof value === "number") found(path, value);
  else if (Array.isArray(value))
    for (const [at, each] of value.entries()) walk(each, `${path}[${at}]`, found);
  else if (typeof value === "object" && value !== null)
    for (const [name, each] of Object.entries(value)) walk(each, `${path}.${name}`, found);
}

/** What the field at a path refers to. */
async function referenceAt(images: ImageSet, { file, path }: Printed): Promise<Reference | undefined> {
  return images.use(file, async (image) => {
    const [, entry = "", ...steps] = path.split(/[.[\]]+/).filter((each) => each !== "");
    let parent: MessageNode = (await image.entry(Number(entry))).message;
    for (let at = 0; at < steps.length; at++) {
      const index = /^\d+$/.test(steps[at + 1] ?? "") ? Number(steps[at + 1]) : undefined;
      const field = parent.fields.find(
        (each) => each.name === steps[at] && (index === undefined || each.index === index),
      );
      assert.ok(field, `${file} ${path}`);
      if (index !== undefined) at++;
      if (typeof field.value !== "object" || !("kind" in field.value)) return referenceOf(field, parent);
      parent = field.value;
    }
    return undefined;
  });
}

/** Where a number is printed: in which files, and at which paths. */
type Where = readonly [file: RegExp, path: RegExp];

interface Kind {
  readonly what: string;
  readonly layer: readonly [name: string, images?: string, crit?: string];
  /** Fields from which it is gone. */
  readonly from: Where;
  /** The fields that have the number where it is defined, or an image's name with it, in the order in which they are tried. */
  readonly to: readonly (Where | ((key: number) => string))[];
  /** All fields that have numbers of this kind. */
  readonly all: readonly Where[];
}

const KINDS: readonly Kind[] = [
  {
    what: "from a pagemap to its pages",
    layer: ["corpus/c-memfd"],
    from: [/^pagemap-/, /^entries\[0\]\.pages_id$/],
    to: [(key) => `pages-${key}.img`],
    all: [[/^pagemap-/, /^entries\[0\]\.pages_id$/]],
  },
  {
    what: "from a pipe and a FIFO to what is in them",
    layer: ["corpus/c-pipes"],
    from: [/^files/, /\.(pipe|fifo)\.pipe_id$/],
    to: [
      [/^(pipes|fifo)-data/, /\.pipe_id$/],
      [/^files/, /\.(pipe|fifo)\.pipe_id$/],
    ],
    all: [
      [/^(pipes|fifo)-data/, /\.pipe_id$/],
      [/^files/, /\.(pipe|fifo)\.pipe_id$/],
    ],
  },
  {
    what: "from what is in a pipe to the pipe",
    layer: ["corpus/c-pipes"],
    from: [/^(pipes|fifo)-data/, /\.pipe_id$/],
    to: [[/^files/, /\.(pipe|fifo)\.pipe_id$/]],
    all: [
      [/^(pipes|fifo)-data/, /\.pipe_id$/],
      [/^files/, /\.(pipe|fifo)\.pipe_id$/],
    ],
  },
  {
    what: "from an open terminal and from what waits in it to its settings",
    layer: ["corpus/c-pty"],
    from: [/^(files|tty-data)/, /\.(tty_info_id|tty_id)$/],
    to: [[/^tty-info/, /\]\.id$/]],
    all: [
      [/^tty-info/, /\]\.id$/],
      [/^(files|tty-data)/, /\.(tty_info_id|tty_id)$/],
    ],
  },
  {
    what: "from an open memory file to its inode",
    layer: ["corpus/c-memfd"],
    from: [/^files/, /\.memfd\.inode_id$/],
    to: [[/^memfd/, /\.inode_id$/]],
    all: [[/^(files|memfd)/, /\.inode_id$/]],
  },
  {
    what: "from a thread to its cgroup set",
    layer: ["corpus/c-cgroup-full"],
    from: [/^core-/, /\.cg_set$/],
    to: [[/^cgroup/, /\.sets\[\d+\]\.id$/]],
    all: [
      [/^core-/, /\.cg_set$/],
      [/^inventory/, /\.root_cg_set$/],
      [/^cgroup/, /\.sets\[\d+\]\.id$/],
    ],
  },
  {
    what: "from an open BPF map to its keys and values",
    layer: ["bpf-maps", "images"],
    from: [/^files/, /\.bpf\.map_id$/],
    to: [[/^bpfmap-data/, /\.map_id$/]],
    all: [[/^(files|bpfmap-data)/, /\.map_id$/]],
  },
  {
    what: "from a unix socket to its peer",
    layer: ["corpus/c-unix"],
    from: [/^files/, /\.usk\.peer$/],
    to: [[/^files/, /\.usk\.ino$/]],
    all: [[/^files/, /\.usk\.(ino|peer)$/]],
  },
  {
    what: "from queued packets to the socket they wait in",
    layer: ["corpus/c-unix"],
    from: [/^sk-queues/, /\.id_for$/],
    to: [[/^files/, /^entries\[\d+\]\.id$/]],
    all: [
      [/^sk-queues/, /\.id_for$/],
      [/^(files|fdinfo)/, /\.id$/],
      [/^fs/, /\.(cwd|root)_id$/],
      [/^mm/, /\.exe_file_id$/],
    ],
  },
  {
    what: "from an established connection to its queues, by an id in hexadecimal",
    layer: ["sealed/tree-restorable-enc", "plain", "expected-json"],
    from: [/^files/, /\.isk\.ino$/],
    to: [(key) => `tcp-stream-${key.toString(16)}.img`],
    all: [[/^files/, /\.isk\.ino$/]],
  },
  {
    what: "from a process to its parent, group and session",
    layer: ["corpus/c-pipes"],
    from: [/^pstree/, /\.(ppid|pgid|sid)$/],
    // Who leads a group is in the group: from there on to the process's core image.
    to: [[/^pstree/, /\.pid$/], (key) => `core-${key}.img`],
    all: [[/^pstree/, /\.(pid|ppid|pgid|sid|threads\[\d+\])$/]],
  },
  {
    what: "from a file's lock to the process that holds it",
    layer: ["corpus/c-locks"],
    from: [/^filelocks/, /\.pid$/],
    to: [[/^pstree/, /\.pid$/]],
    all: [
      [/^pstree/, /\.(pid|ppid|pgid|sid|threads\[\d+\])$/],
      [/^filelocks/, /\.pid$/],
      [/^files/, /\.fown\.pid$/],
    ],
  },
  {
    what: "from a socket to its network namespace",
    layer: ["corpus/ns-net"],
    from: [/^files/, /\.isk\.ns_id$/],
    to: [(key) => `netns-${key}.img`],
    all: [
      [/^files/, /\.ns_id$/],
      [/^(ids|inventory)/, /_ns_id$/],
    ],
  },
  {
    what: "from an open file to the mount it is on",
    layer: ["corpus/ns-mnt"],
    from: [/^files/, /\.reg\.mnt_id$/],
    to: [[/^mountpoints/, /\]\.mnt_id$/]],
    all: [
      [/^files/, /\.mnt_id$/],
      [/^mountpoints/, /\.(parent_)?mnt_id$/],
    ],
  },
  {
    what: "from a removed path to the link that stands in for it",
    layer: ["corpus/c-linkremap"],
    from: [/^remap-fpath/, /\.(orig|remap)_id$/],
    to: [[/^files/, /^entries\[\d+\]\.id$/]],
    all: [
      [/^remap-fpath/, /\.(orig|remap)_id$/],
      [/^(files|fdinfo)/, /\.id$/],
      [/^fs/, /\.(cwd|root)_id$/],
      [/^mm/, /\.exe_file_id$/],
    ],
  },
];

const isAt = ([file, path]: Where, number: Printed): boolean =>
  file.test(number.file) && path.test(number.path);

const messagePath = (path: string): string => path.slice(0, path.lastIndexOf("."));

describe("a reference leads", () => {
  for (const { what, layer: named, from, to, all } of KINDS)
    it(`${what}, and is found from there`, async () => {
      const { images, numbers } = await layerOf(...named);
      const sources = numbers.filter((number) => isAt(from, number));
      let led = 0;
      for (const source of sources) {
        const reference = await referenceAt(images, source);
        // 0 is no process, no peer, no socket.
        if (source.value === 0 && reference === undefined) continue;
        assert.equal(reference?.key, BigInt(source.value), `${source.file} ${source.path}`);
        const place = await findDefinition(reference, images, source);
        const expected = expectedPlace(source, to, images, numbers);
        assert.deepEqual(place, expected, `${source.file} ${source.path}`);
        if (expected) led++;

        const theirs = numbers.filter(
          (number) => number.value === source.value && all.some((where) => isAt(where, number)),
        );
        const ours: string[] = [];
        for await (const { file, path } of findReferences(reference, images)) ours.push(`${file} ${path}`);
        assert.deepEqual(ours.toSorted(), theirs.map(({ file, path }) => `${file} ${path}`).toSorted());
      }
      assert.ok(led > 0, `${sources.length} numbers, and none leads anywhere`);
    });
});

function expectedPlace(
  source: Printed,
  to: Kind["to"],
  { names }: ImageSet,
  numbers: readonly Printed[],
): { readonly file: string; readonly path: string } | undefined {
  for (const where of to) {
    const file = typeof where === "function" ? where(source.value) : undefined;
    if (file !== undefined && names.includes(file)) return { file, path: "" };
    const found = numbers
      .filter((number) => typeof where !== "function" && number.value === source.value && isAt(where, number))
      .map((number) => ({ file: number.file, path: messagePath(number.path) }))[0];
    // Of the fields by which a thing is defined the first is its definition, and doesn't lead to itself.
    if (found && !(found.file === source.file && found.path === messagePath(source.path))) return found;
  }
  return undefined;
}
