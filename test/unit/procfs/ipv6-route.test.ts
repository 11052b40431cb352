// The fixture's script, make-routes6.sh, saved the routes as CRIU does and the kernel's own table in the same moment.
import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTree } from "../../../src/archive/index.ts";
import { openCheckpoint } from "../../../src/checkpoint/index.ts";
import { encodeImage } from "../../../src/criu/index.ts";
import { fixture } from "../fixtures.ts";
import { assertSame, procOf, text } from "./support.ts";

/** A device as `ip -j link` prints it. */
interface Link {
  readonly ifindex: number;
  readonly ifname: string;
  readonly mtu: number;
}

/** A route that the script put into another table. */
const OTHER_TABLE = /^20010db80008.*\n/gm;

describe("the frozen /proc/PID/net/ipv6_route", () => {
  it("has the routes of the live one: gateways, metrics, devices, several ways, those that reject", async () => {
    const folder = await fixture("raw/routes6");
    const copy = await mkdtemp(join(tmpdir(), "cryoscope-routes-"));
    try {
      // The process of a dump with a network namespace, in the fixture's one.
      await cp(join(await fixture("corpus/ns-net"), "img"), copy, { recursive: true });
      await cp(join(folder, "route6-1.img"), join(copy, "route6-10.img"));
      const links = JSON.parse(await readFile(join(folder, "link.json"), "utf8")) as readonly Link[];
      const entries = links.map(({ ifindex, ifname, mtu }) => ({
        ...{ type: ifname === "lo" ? "LOOPBACK" : "VETH", ifindex, mtu, flags: "0x8", name: ifname },
      }));
      await writeFile(
        join(copy, "netdev-10.img"),
        Buffer.concat([...encodeImage(JSON.stringify({ magic: "NETDEV", entries }))]),
      );
      const checkpoint = await openCheckpoint(await openTree(copy));
      const [pid = 0] = checkpoint.roots;
      const frozen = await text(procOf(checkpoint), `${pid}/net/ipv6_route`);
      const live = await readFile(join(folder, "ipv6_route.txt"), "latin1");
      assertSame("PID/net/ipv6_route", live.replace(OTHER_TABLE, ""), frozen, "net/ipv6_route");
      // The comparison leaves that much.
      assert.equal(frozen.split("\n").length - 1, 13);
      await checkpoint.close();
    } finally {
      await rm(copy, { recursive: true });
    }
  });
});
