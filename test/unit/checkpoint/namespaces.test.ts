import assert from "node:assert/strict";
import { cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTree } from "../../../src/archive/index.ts";
import { mountTrees, openCheckpoint } from "../../../src/checkpoint/index.ts";
import type { Mount, MountNode, Network } from "../../../src/checkpoint/index.ts";
import { fixture } from "../fixtures.ts";
import { procFile, readSnapshot, snapshotPids, withCheckpoint } from "./support.ts";

/** The one network of a dump that is made of `corpus/a-single` and the images of `raw/netns`. */
async function rawNetwork(): Promise<{ readonly network: Network; readonly folder: string }> {
  const folder = await fixture("raw/netns");
  const images = await mkdtemp(join(tmpdir(), "cryoscope-netns-"));
  try {
    await cp(join(await fixture("corpus/a-single"), "img"), images, { recursive: true });
    for (const name of await readdir(folder))
      if (name.endsWith(".img")) await cp(join(folder, name), join(images, name));
    const tree = await openTree(images);
    const checkpoint = await openCheckpoint(tree);
    const { value, problems } = await checkpoint.networks();
    await checkpoint.close();
    assert.deepEqual(problems, []);
    const [network, ...others] = value;
    assert(network !== undefined && others.length === 0);
    return { network, folder };
  } finally {
    await rm(images, { recursive: true });
  }
}

/** What `ip -j` printed of the same namespace; the shapes are its own. */
async function ipJson<T>(folder: string, name: string): Promise<readonly T[]> {
  return JSON.parse(await readFile(join(folder, name), "utf8")) as readonly T[];
}

describe("network namespaces", () => {
  it("have the addresses that `ip address` showed", async () => {
    const { network, folder } = await rawNetwork();
    const truth = await ipJson<{
      readonly ifindex: number;
      readonly addr_info: readonly { readonly local: string; readonly prefixlen: number }[];
    }>(folder, "ifaddr.json");
    const lines = (all: readonly (readonly [number, string, number])[]): readonly string[] =>
      all.map((line) => line.join(" ")).toSorted();
    assert.deepEqual(
      lines(network.addresses.map((each) => [each.interfaceIndex, each.address, each.prefixLength])),
      lines(
        truth.flatMap(({ ifindex, addr_info }) =>
          addr_info.map(({ local, prefixlen }) => [ifindex, local, prefixlen] as const),
        ),
      ),
    );
  });

  it("have the routes that `ip route` showed", async () => {
    const { network, folder } = await rawNetwork();
    for (const [family, file] of [
      ["IPv4", "route.json"],
      ["IPv6", "route6.json"],
    ] as const) {
      const truth = await ipJson<{
        readonly dst: string;
        readonly gateway?: string;
        readonly metric?: number;
      }>(folder, file);
      const routes = network.routes.filter((route) => route.family === family);
      assert.deepEqual(
        routes.map(({ destination, gateway, metric }) => [
          destination.replace(family === "IPv4" ? /\/32$/ : /\/128$/, ""),
          gateway,
          metric,
        ]),
        truth.map(({ dst, gateway, metric }) => [dst, gateway, metric]),
      );
    }
  });

  it("have the rules and tracked connections that ip and conntrack showed", async () => {
    const { network, folder } = await rawNetwork();
    const rules = await ipJson<{ readonly priority: number; readonly src: string; readonly srclen?: number }>(
      folder,
      "rule.json",
    );
    assert.deepEqual(
      network.rules.map(({ priority, from }) => [priority, from ?? "all"]),
      rules.map(({ priority, src, srclen }) => [priority, srclen === undefined ? src : `${src}/${srclen}`]),
    );
    const lines = (await readFile(join(folder, "conntrack.txt"), "utf8"))
      .split("\n")
      .filter((line) => line !== "");
    const shown = network.connections.map(({ protocol, original }) =>
      [protocol.replace("IPPROTO_", "").toLowerCase(), original.source, original.sourcePort ?? ""].join(" "),
    );
    const expected = lines.map((line) =>
      [
        /(tcp|udp|icmp|dccp|sctp)\w*/.exec(line)?.[1],
        /src=(\S+)/.exec(line)?.[1],
        /sport=(\S+)/.exec(line)?.[1] ?? "",
      ].join(" "),
    );
    assert.deepEqual(shown.toSorted(), expected.toSorted());
  });

  it("have their devices and filter rules", async () => {
    await withCheckpoint("corpus/ns-net", "img", async (checkpoint, folder) => {
      const [network] = (await checkpoint.networks()).value;
      assert(network);
      const [file = ""] = (await readdir(join(folder, "crit"))).filter((name) => name.startsWith("netdev-"));
      const { entries } = JSON.parse(await readFile(join(folder, "crit", file), "utf8")) as {
        readonly entries: readonly { type: string; ifindex: number; name: string; mtu: number }[];
      };
      assert.deepEqual(
        network.devices.map(({ type, index, name, mtu }) => ({ type, ifindex: index, name, mtu })),
        entries.map(({ type, ifindex, name, mtu }) => ({ type, ifindex, name, mtu })),
      );
      assert.match(network.devices[1]?.address ?? "", /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
      const [nftables] = network.filters;
      assert.equal(nftables?.tool, "nftables");
      // The program's own table, beside what CRIU puts there to lock the network.
      assert.equal(nftables.lines[0], "table inet labt {");
    });
  });
});

describe("other namespaces", () => {
  it("have the processes that are in them, and are told from CRIU's own", async () => {
    await withCheckpoint("corpus/ns-pid-uts-ipc", "img", async (checkpoint, folder) => {
      const { value, problems } = await checkpoint.namespaces();
      assert.deepEqual(problems, []);
      const own = value.filter(({ inherited }) => !inherited).map(({ kind }) => kind);
      const [pid] = await snapshotPids(folder);
      assert(pid !== undefined);
      assert.deepEqual(own, ["ipc", "pid", "uts"]);
      const uts = value.find(({ kind }) => kind === "uts");
      // The program's shell ran `hostname nsbox`.
      assert.deepEqual(uts?.facts, { type: "uts", nodename: "nsbox", domainname: "(none)" });
      assert.ok(value.every(({ pids }) => pids.length === 1));
    });
  });

  it("hold SysV objects with their contents", async () => {
    // feat.c, case sysv: two messages, three semaphores, one attached segment and one that is private.
    await withCheckpoint("corpus/c-sysv", "img", async (checkpoint) => {
      const [ipc] = (await checkpoint.ipc()).value;
      assert(ipc);
      assert.deepEqual(
        ipc.semaphores.map(({ key, values }) => [key, values]),
        [[119, [1, 5, 9]]],
      );
      const [queue] = ipc.messageQueues;
      assert(queue);
      const texts = await Promise.all(
        queue.messages.map(async ({ type, content }) => {
          const source = await checkpoint.openContent(content);
          const text = Buffer.from(await source.read(0, source.size)).toString();
          await source.close?.();
          return [type, text];
        }),
      );
      // crit decodes the same two: mtype 3, 14 bytes, and mtype 9, 7 bytes.
      assert.deepEqual(texts, [
        [3n, "hello message\0"],
        [9n, "second\0"],
      ]);
      const [attached] = ipc.sharedMemory;
      assert(attached);
      const source = await checkpoint.openContent(attached.content);
      assert.equal(source.size, 16384);
      assert.notDeepEqual(await source.read(0, 64), new Uint8Array(64));
      await source.close?.();
    });
  });
});

describe("mounts", () => {
  it("say all that mountinfo does", async () => {
    await withCheckpoint("corpus/ns-mnt", "img", async (checkpoint, folder) => {
      const [pid] = await snapshotPids(folder);
      assert(pid !== undefined);
      const truth = (await procFile(folder, pid, "mountinfo")).trim().split("\n");
      const { value } = await checkpoint.mounts();
      const lines = value.map(mountinfo).toSorted();
      assert.deepEqual(
        lines,
        truth
          // CRIU has no word for file systems it doesn't dump itself, ext4 here.
          .map((line) => line.replace(" - ext4 ", " - unknown "))
          // It adds this to the options of devpts (criu/filesystems.c).
          .map((line) => line.replace("ptmxmode=666", "ptmxmode=666,newinstance"))
          .toSorted(),
      );
    });
  });

  it("are a tree for each namespace", async () => {
    await withCheckpoint("corpus/ns-mnt", "img", async (checkpoint) => {
      const trees = mountTrees((await checkpoint.mounts()).value);
      assert.equal(trees.length, 1);
      const [root, ...others] = trees[0]?.roots ?? [];
      assert.deepEqual(others, []);
      const paths = (node: MountNode | undefined): readonly unknown[] =>
        node === undefined ? [] : [node.mount.destination, ...node.children.map(paths)];
      assert.deepEqual(paths(root), [
        "/",
        ["/proc"],
        ["/tmp/lab/fx", ["/tmp/lab/fx/c"]],
        ["/dev", ["/dev/pts"], ["/dev/mqueue"]],
      ]);
    });
  });

  it("that are each other's parents are still all shown", () => {
    const mount = (id: number, parentId: number): Mount => ({
      ...{ destination: `/${id}`, type: "", source: "", options: [] },
      ...{ id, parentId, namespace: 1 },
    });
    const [tree] = mountTrees([mount(1, 2), mount(2, 1), mount(3, 3), mount(4, 99)]);
    const count = (nodes: readonly MountNode[]): number =>
      nodes.reduce((sum, { children }) => sum + 1 + count(children), 0);
    assert.equal(count(tree?.roots ?? []), 4);
  });
});

describe("file locks and cgroups", () => {
  it("are those that fdinfo showed", async () => {
    await withCheckpoint("corpus/c-locks", "img", async (checkpoint, folder) => {
      const [pid] = await snapshotPids(folder);
      assert(pid !== undefined);
      const { fd } = await readSnapshot(folder, pid);
      const truth = Object.entries(fd).flatMap(([number, { info }]) =>
        [...info.matchAll(/^lock:\t\d+: (\w+) +\w+ +(\w+) \S+ \S+ (\d+) (\w+)$/gm)].map(
          ([, kind, type, start, end]) => [Number(number), kind, type, start, end].join(" "),
        ),
      );
      const { value } = await checkpoint.fileLocks();
      const kinds = { posix: "POSIX", flock: "FLOCK", ofd: "OFDLCK", lease: "LEASE", unknown: "?" };
      const types: Readonly<Record<string, string>> = { F_RDLCK: "READ", F_WRLCK: "WRITE" };
      assert.deepEqual(
        value.map(({ kind, type, start, length, fd: number }) =>
          [number, kinds[kind], types[type], start, length === 0n ? "EOF" : start + length - 1n].join(" "),
        ),
        truth,
      );
    });
  });

  it("are those of /proc/PID/cgroup", async () => {
    await withCheckpoint("corpus/c-cgroup-full", "img", async (checkpoint, folder) => {
      const [pid] = await snapshotPids(folder);
      assert(pid !== undefined);
      const { sets, controllers } = (await checkpoint.cgroups()).value;
      const { cgroupSet } = (await checkpoint.details(pid)).value;
      const set = sets.find(({ id }) => id === cgroupSet);
      const truth = (await procFile(folder, pid, "cgroup")).trim().split("\n");
      assert.deepEqual(
        set?.members.map(({ hierarchy, path }) => `${hierarchy}:${path}`).toSorted(),
        truth.map((line) => line.replace(/^\d+:/, "")).toSorted(),
      );
      const pids = controllers.find(({ names }) => names.includes("pids"));
      assert.equal(pids?.folders[0]?.properties.find(({ name }) => name === "pids.max")?.value, "321");
    });
  });
});

describe("connections", () => {
  it("join both ends of pipes to the processes that hold them", async () => {
    await withCheckpoint("corpus/c-pipes", "img", async (checkpoint, folder) => {
      // /proc/PID/fd of both processes names the pipes.
      const truth = new Map<string, string[]>();
      for (const pid of (await snapshotPids(folder)).toSorted((a, b) => a - b)) {
        const { fd } = await readSnapshot(folder, pid);
        for (const [number, { link }] of Object.entries(fd))
          if (link.startsWith("pipe:")) truth.set(link, [...(truth.get(link) ?? []), `${pid}/${number}`]);
      }
      const { value, problems } = await checkpoint.connections();
      assert.deepEqual(problems, []);
      const found = new Map(
        value
          .filter(({ kind }) => kind === "pipe")
          .map(({ name, ends }) => [
            name,
            ends.flatMap(({ holders }) => holders.map(({ pid, fd }) => `${pid}/${fd}`)).toSorted(),
          ]),
      );
      assert.deepEqual(
        found,
        new Map([...truth].map(([name, all]) => [name, all.toSorted()] as const).toSorted(order(found))),
      );
    });
  });

  it("join unix sockets and TCP connections with their other end", async () => {
    await withCheckpoint("corpus/c-unix", "img", async (checkpoint) => {
      const { value } = await checkpoint.connections();
      const pairs = value.filter(({ ends }) => ends.length === 2);
      // Three pairs of socketpair(), one accepted connection, one more pair; and two sockets with a peer that isn't theirs.
      assert.ok(pairs.length >= 5);
      assert.ok(value.some(({ listening, name }) => listening && name === "@lab-abstract-name"));
    });
    await withCheckpoint("sealed/tree-restorable-enc", "plain", async (checkpoint) => {
      const { value } = await checkpoint.connections();
      const tcp = value.find(({ kind, ends }) => kind === "inet" && ends.length === 2);
      assert.match(tcp?.name ?? "", /8123/);
      assert.deepEqual(
        tcp?.ends.map(({ holders }) => holders.map(({ pid, fd }) => [pid, fd])[0]),
        [
          [1, 35],
          [1, 36],
        ],
      );
    });
  });
});

/** The order of the keys of a map, for comparing. */
const order =
  (map: ReadonlyMap<string, unknown>) =>
  ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number =>
    [...map.keys()].indexOf(a) - [...map.keys()].indexOf(b);

/** A line of /proc/PID/mountinfo. */
function mountinfo(mount: Mount): string {
  const { id, parentId, device, root, destination, mountOptions, type, source, superOptions } = mount;
  return [
    id,
    parentId,
    device,
    root,
    destination,
    mountOptions?.join(","),
    "-",
    type,
    source,
    superOptions?.join(","),
  ].join(" ");
}
