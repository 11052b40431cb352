import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { openTree } from "../../../src/archive/index.ts";
import { openCheckpoint } from "../../../src/checkpoint/index.ts";
import { openProcFs } from "../../../src/procfs/index.ts";
import { fixture } from "../fixtures.ts";

interface CritSetting {
  readonly iarg?: number;
  readonly sarg?: string;
}

describe("the frozen /proc/sys/net", () => {
  it("has each setting that the images hold, and no other", async () => {
    const folder = await fixture("corpus/ns-net");
    const checkpoint = await openCheckpoint(await openTree(join(folder, "img")));
    const proc = openProcFs(checkpoint);
    try {
      assert.deepEqual(
        (await proc.list("sys/net")).map(({ name }) => name),
        ["ipv4", "ipv6", "unix"],
      );
      // crit prints the lists without names; how many of them hold something must be how many files there are.
      const crit = await critSettings(join(folder, "crit"));
      for (const [path, list] of crit) {
        const there = list.filter(({ iarg, sarg }) => iarg !== undefined || sarg !== undefined);
        const values = await Promise.all(
          (await proc.list(`sys/net/${path}`)).map(({ name }) => text(proc, `sys/net/${path}/${name}`)),
        );
        const expected = there.map(({ iarg, sarg }) => `${sarg ?? String(iarg)}\n`);
        assert.deepEqual(values.toSorted(), expected.toSorted(), path);
      }
      // Places that are told apart by what they can only be.
      assert.equal(await text(proc, "sys/net/unix/max_dgram_qlen"), "10\n");
      assert.equal(await text(proc, "sys/net/ipv6/conf/lo/mtu"), "65536\n");
      assert.equal(await text(proc, "sys/net/ipv6/conf/all/hop_limit"), "64\n");
      assert.equal(await text(proc, "sys/net/ipv6/conf/all/temp_valid_lft"), "604800\n");
      assert.equal(await text(proc, "sys/net/ipv4/conf/all/igmpv2_unsolicited_report_interval"), "10000\n");
      assert.equal(await text(proc, "sys/net/ipv4/conf/all/igmpv3_unsolicited_report_interval"), "1000\n");
    } finally {
      await checkpoint.close();
    }
  });

  it("is empty where the network namespace was not dumped", async () => {
    const checkpoint = await openCheckpoint(await openTree(join(await fixture("corpus/a-single"), "img")));
    assert.deepEqual(await openProcFs(checkpoint).list("sys/net"), []);
    await checkpoint.close();
  });
});

async function text(proc: ReturnType<typeof openProcFs>, path: string): Promise<string> {
  return Buffer.from(await proc.read(path)).toString();
}

async function critSettings(
  folder: string,
): Promise<readonly (readonly [path: string, list: readonly CritSetting[]])[]> {
  const read = async (name: string): Promise<readonly Record<string, unknown>[]> =>
    (
      JSON.parse(await readFile(join(folder, name), "utf8")) as {
        entries: readonly Record<string, unknown>[];
      }
    ).entries;
  const names = await readdir(folder);
  const netns = names.find((name) => /^netns-\d+\.img\.json$/.test(name)) ?? "";
  const netdev = names.find((name) => /^netdev-\d+\.img\.json$/.test(name)) ?? "";
  const [whole = {}] = await read(netns);
  const devices = await read(netdev);
  const list = (value: unknown): readonly CritSetting[] => value as readonly CritSetting[];
  return [
    ["ipv4/conf/all", list(whole["all_conf4"])],
    ["ipv4/conf/default", list(whole["def_conf4"])],
    ["ipv6/conf/all", list(whole["all_conf6"])],
    ["ipv6/conf/default", list(whole["def_conf6"])],
    ...devices.flatMap((device): readonly (readonly [string, readonly CritSetting[]])[] => [
      [`ipv4/conf/${String(device["name"])}`, list(device["conf4"])],
      [`ipv6/conf/${String(device["name"])}`, list(device["conf6"])],
    ]),
  ];
}
