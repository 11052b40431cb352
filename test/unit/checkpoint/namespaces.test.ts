import assert from "node:assert/strict";
import { cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTree } from "../../../src/archive/index.ts";
import { openCheckpoint } from "../../../src/checkpoint/index.ts";
import type { Network } from "../../../src/checkpoint/index.ts";
import { fixture } from "../fixtures.ts";
import { snapshotPids, withCheckpoint } from "./support.ts";

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
