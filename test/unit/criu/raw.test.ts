import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openNested } from "../../../src/archive/index.ts";
import { bufferSource } from "../../../src/bytes/index.ts";
import type { ByteSource } from "../../../src/bytes/index.ts";
import { critJson, openImage, rawContent } from "../../../src/criu/index.ts";
import { fixture } from "../fixtures.ts";
import { tiledSpans } from "./corpus.ts";
import { entriesOf, open } from "./raw-images.ts";
import type { Plain } from "./raw-images.ts";

/** What a program other than ours printed, as JSON. */
async function said(name: string): Promise<Plain[]> {
  return JSON.parse(await readFile(join(await fixture("raw/netns"), name), "utf8")) as Plain[];
}

const withLength = (address: unknown, bits: unknown): string =>
  address === undefined ? "default" : `${String(address)}/${String(bits)}`;

describe("raw images of a network namespace", () => {
  for (const [image, json, whole] of [
    ["route-1.img", "route.json", 32],
    ["route6-1.img", "route6.json", 128],
  ] as const)
    it(`have the routes that ip route show prints: ${image}`, async () => {
      const routes = await entriesOf(await open("raw/netns", image));
      const expected = await said(json);
      assert.equal(routes.length, expected.length);
      for (const [index, route] of routes.entries()) {
        const one = expected[index] ?? {};
        const destination = withLength(route["RTA_DST"], route["rtm_dst_len"]);
        assert.equal(destination.replace(`/${whole}`, ""), one["dst"]);
        assert.equal(String(route["rtm_type"]), one["type"]);
        assert.equal(String(route["rtm_protocol"]), one["protocol"]);
        assert.equal(String(route["rtm_scope"]), one["scope"]);
        assert.equal(route["RTA_GATEWAY"], one["gateway"]);
        assert.equal(route["RTA_PRIORITY"], one["metric"]);
        assert.equal(route["RTA_PREFSRC"], one["prefsrc"]);
        const metrics = route["RTA_METRICS"] as Plain | undefined;
        const [wanted] = (one["metrics"] ?? []) as Plain[];
        for (const [ours, theirs] of [
          ["RTAX_MTU", "mtu"],
          ["RTAX_ADVMSS", "advmss"],
          ["RTAX_INITCWND", "initcwnd"],
          ["RTAX_CC_ALGO", "congestion"],
        ] as const)
          assert.equal(metrics?.[ours], wanted?.[theirs]);
        const hops = (route["RTA_MULTIPATH"] as Plain[]).map((hop) => [
          hop["RTA_GATEWAY"],
          Number(hop["rtnh_hops"]) + 1,
        ]);
        assert.deepEqual(
          hops,
          ((one["nexthops"] ?? []) as Plain[]).map((hop) => [hop["gateway"], hop["weight"]]),
        );
        const via = route["RTA_VIA"] as { rtvia_family: number; rtvia_addr: Uint8Array } | undefined;
        if (one["via"]) {
          assert.equal(via?.rtvia_family, 10);
          assert.equal(Buffer.from(via.rtvia_addr).toString("hex"), "20010db8000000000000000000000009");
        } else assert.equal(via, undefined);
      }
    });

  it("have the addresses that ip addr show prints", async () => {
    const addresses = await entriesOf(await open("raw/netns", "ifaddr-1.img"));
    const found = addresses.map((address) => {
      const lifetimes = address["IFA_CACHEINFO"] as Plain;
      const local = address["IFA_LOCAL"] ?? address["IFA_ADDRESS"];
      return {
        index: address["ifa_index"],
        local,
        peer: address["IFA_ADDRESS"] === local ? undefined : address["IFA_ADDRESS"],
        bits: address["ifa_prefixlen"],
        scope: String(address["ifa_scope"]),
        label: address["IFA_LABEL"],
        broadcast: address["IFA_BROADCAST"],
        tentative: (Number(address["IFA_FLAGS"]) & 0x40) !== 0,
        nodad: (Number(address["IFA_FLAGS"]) & 0x02) !== 0,
        valid: lifetimes["ifa_valid"],
        preferred: lifetimes["ifa_prefered"],
      };
    });
    const expected = (await said("ifaddr.json")).flatMap((link) =>
      (link["addr_info"] as Plain[]).map((info) => ({
        index: link["ifindex"],
        local: info["local"],
        peer: info["address"],
        bits: info["prefixlen"],
        scope: info["scope"],
        label: info["label"],
        broadcast: info["broadcast"],
        tentative: info["tentative"] === true,
        nodad: info["nodad"] === true,
        valid: info["valid_life_time"],
        preferred: info["preferred_life_time"],
      })),
    );
    const byPlace = (list: readonly Plain[]): Plain[] =>
      list.toSorted((a, b) =>
        `${String(a["index"])} ${String(a["local"])}` < `${String(b["index"])} ${String(b["local"])}`
          ? -1
          : 1,
      );
    assert.ok(found.length > 8);
    assert.deepEqual(byPlace(found), byPlace(expected));
  });

  it("have the rules that ip rule show prints", async () => {
    const rules = await entriesOf(await open("raw/netns", "rule-1.img"));
    const range = (rule: Plain, name: string): Plain | undefined => rule[name] as Plain | undefined;
    const found = rules.map((rule) => ({
      priority: rule["FRA_PRIORITY"] ?? 0,
      src: rule["FRA_SRC"] ?? "all",
      dst: rule["FRA_DST"],
      fwmark: rule["FRA_FWMARK"],
      iif: rule["FRA_IIFNAME"],
      oif: rule["FRA_OIFNAME"],
      table: rule["FRA_TABLE"] === 0 ? undefined : String(rule["FRA_TABLE"]),
      goto: rule["FRA_GOTO"],
      uids: [range(rule, "FRA_UID_RANGE")?.["start"], range(rule, "FRA_UID_RANGE")?.["end"]],
      sport: [range(rule, "FRA_SPORT_RANGE")?.["start"], range(rule, "FRA_SPORT_RANGE")?.["end"]],
      dport: range(rule, "FRA_DPORT_RANGE")?.["start"],
      suppress: rule["FRA_SUPPRESS_PREFIXLEN"] === 0xffffffff ? undefined : rule["FRA_SUPPRESS_PREFIXLEN"],
      prohibits: rule["action"] === 8,
    }));
    const expected = (await said("rule.json")).map((rule) => ({
      priority: rule["priority"],
      src: rule["src"],
      dst: rule["dst"],
      fwmark: rule["fwmark"] === undefined ? undefined : Number(rule["fwmark"]),
      iif: rule["iif"],
      oif: rule["oif"],
      table: rule["table"],
      goto: rule["goto"],
      uids: [rule["uid_start"], rule["uid_end"]],
      sport: [rule["sport_start"], rule["sport_end"]],
      dport: rule["dport"],
      suppress: rule["suppress_prefixlen"],
      prohibits: rule["action"] === "8",
    }));
    assert.deepEqual(found, expected);
  });

  it("have the connections that conntrack -L prints", async () => {
    const connections = await entriesOf(await open("raw/netns", "netns-ct-1.img"));
    const text = await readFile(join(await fixture("raw/netns"), "conntrack.txt"), "utf8");
    const found = connections.map((connection) => {
      const ends = ["CTA_TUPLE_ORIG", "CTA_TUPLE_REPLY"].map((name) => {
        const tuple = connection[name] as Record<string, Plain>;
        const [ip = {}, proto = {}] = [tuple["CTA_TUPLE_IP"], tuple["CTA_TUPLE_PROTO"]];
        const ports =
          proto["CTA_PROTO_SRC_PORT"] === undefined
            ? `type=${String(proto["CTA_PROTO_ICMP_TYPE"])} code=${String(proto["CTA_PROTO_ICMP_CODE"])} id=${String(proto["CTA_PROTO_ICMP_ID"])}`
            : `sport=${String(proto["CTA_PROTO_SRC_PORT"])} dport=${String(proto["CTA_PROTO_DST_PORT"])}`;
        const [source, target] = [
          ip["CTA_IP_V4_SRC"] ?? ip["CTA_IP_V6_SRC"],
          ip["CTA_IP_V4_DST"] ?? ip["CTA_IP_V6_DST"],
        ];
        return `src=${String(source)} dst=${String(target)} ${ports}`;
      });
      const states = ["NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED"];
      const tcp = (connection["CTA_PROTOINFO"] as Record<string, Plain> | undefined)?.["CTA_PROTOINFO_TCP"];
      const status = Number(connection["CTA_STATUS"]);
      return [
        ...(tcp ? [states[Number(tcp["CTA_PROTOINFO_TCP_STATE"])]] : []),
        ends[0],
        ...(status & 2 ? [] : ["[UNREPLIED]"]),
        ends[1],
        ...(status & 4 ? ["[ASSURED]"] : []),
        `mark=${String(connection["CTA_MARK"])} use=${String(connection["CTA_USE"])} id=${String(connection["CTA_ID"])}`,
      ].join(" ");
    });
    // Without family, protocol and the seconds that are left.
    const expected = text
      .trim()
      .split("\n")
      .map((line) => line.trim().split(/\s+/).slice(5).join(" "));
    assert.deepEqual(found.toSorted(), expected.map((line) => line.trim()).toSorted());
  });

  it("have the route that ip route showdump prints of them", async () => {
    const [route] = await entriesOf(await open("sealed/tree-restorable-enc", "plain/route-10.img"));
    // ip route showdump: "10.55.0.0/16 via 10.9.8.1 dev lo"
    assert.deepEqual(
      [route?.["RTA_DST"], route?.["rtm_dst_len"], route?.["RTA_GATEWAY"], route?.["RTA_OIF"]],
      ["10.55.0.0", 16, "10.9.8.1", 1],
    );
  });

  it("are as empty as the magic alone says", async () => {
    const image = await open("corpus/ns-net", "img/route-10.img");
    assert.deepEqual(await tiledSpans(image), [{ start: 0, end: 4, kind: "magic", path: "magic" }]);
    assert.deepEqual([image.entryCount, image.problems, image.rest], [0, [], []]);
  });

  it("have values at the bytes where they are", async () => {
    const path = join(await fixture("corpus/ns-net"), "img/ifaddr-10.img");
    const bytes = await readFile(path);
    const image = await openImage("ifaddr-10.img", bufferSource(bytes));
    const { message, sizeSpan, framing } = await image.entry(0);
    assert.deepEqual(sizeSpan, { start: 4, end: 8 });
    const label = message.fields.find(({ name }) => name === "IFA_LABEL");
    assert.ok(label);
    assert.equal(bytes.subarray(label.valueSpan.start, label.valueSpan.end).toString(), "lo\0");
    assert.deepEqual(
      framing.map(({ kind, start, end }) => [kind, start, end]),
      [["padding", label.valueSpan.end, label.valueSpan.end + 1]],
    );
    assert.equal(label.wireType, -1);
  });
});

describe("other raw images", () => {
  it("are tar.gz where they hold a tmpfs, and open as an archive", async () => {
    const image = await open("corpus/ns-mnt", "img/tmpfs-dev-85.tar.gz.img");
    assert.deepEqual(image.rest, [
      { kind: "payload", name: "data", span: { start: 0, end: image.source.size }, format: "tar.gz" },
    ]);
    const content = rawContent(image);
    assert.ok(content);
    const tree = await openNested(content, image.name);
    assert.ok((await tree.list("")).length > 0);
    await tree.close();
  });

  it("are lines of text where they hold rules of a firewall", async () => {
    const path = join(await fixture("raw/netns"), "nftables-1.img");
    const lines = (await readFile(path, "utf8")).split("\n");
    const image = await open("raw/netns", "nftables-1.img");
    const found = (await entriesOf(image)).map(({ text }) => (text as string[])[0]);
    assert.deepEqual([...found, ""], lines);
    assert.equal((await open("corpus/ns-net", "img/iptables-10.img")).entryCount, 0);
  });

  it("are JSON of the form of other images, which crit has none of", async () => {
    const decoded = async (name: string): Promise<{ magic: string; entries: Plain[] }> => {
      let text = "";
      for await (const part of critJson(await open("raw/netns", name), { pretty: true })) text += part;
      return JSON.parse(text) as { magic: string; entries: Plain[] };
    };
    const { magic, entries } = await decoded("route-1.img");
    assert.equal(magic, "ROUTE");
    const expected = await said("route.json");
    assert.deepEqual(
      entries.map((route) => [route["RTA_GATEWAY"], route["RTA_PRIORITY"]]),
      expected.map((route) => [route["gateway"], route["metric"]]),
    );
    const lines = await readFile(join(await fixture("raw/netns"), "nftables-1.img"), "utf8");
    const rules = (await decoded("nftables-1.img")).entries.map(({ text }) => (text as string[])[0]);
    assert.equal(rules.map((line) => `${line}\n`).join(""), lines);
  });

  it("of pages have no JSON, and it is said what has", async () => {
    const image = await openImage("pages-1.img", bufferSource(new Uint8Array(4096)));
    await assert.rejects(critJson(image).next(), { code: "criu.rawImage", next: /pagemap/ });
  });

  it("of pages are not read to be opened, whatever their size", async () => {
    let reads = 0;
    const source: ByteSource = {
      size: 2 ** 40,
      read: (_offset, length) => {
        reads += length;
        return Promise.resolve(new Uint8Array(length));
      },
    };
    const image = await openImage("pages-1.img", source);
    assert.equal(image.rest[0]?.span.end, 2 ** 40);
    assert.ok(reads <= 64);
  });

  // Constructed: no machine with such a processor made the corpus. The layout is that of plugins/amdgpu in CRIU.
  it("of the amdgpu plugin have a 64-bit length before their message or data", async () => {
    const message = Buffer.from("08011002", "hex");
    const long = (length: number): Buffer => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64LE(BigInt(length));
      return bytes;
    };
    const node = await openImage("amdgpu-renderD-1.img", bufferSource(Buffer.concat([long(4), message])));
    assert.deepEqual(
      (await node.entry(0)).message.fields.map(({ name, value }) => [name, value]),
      [
        ["gpu_id", 1],
        ["id", 2],
      ],
    );
    assert.deepEqual((await node.entry(0)).sizeSpan, { start: 0, end: 8 });
    const pages = await openImage(
      "amdgpu-pages-1-00ab.img",
      bufferSource(Buffer.concat([long(16), Buffer.alloc(16)])),
    );
    assert.deepEqual(await tiledSpans(pages), [
      { start: 0, end: 8, kind: "size", path: "payload" },
      { start: 8, end: 24, kind: "payload", path: "payload" },
    ]);
    const short = await openImage(
      "amdgpu-pages-1-00ab.img",
      bufferSource(Buffer.concat([long(99), Buffer.alloc(16)])),
    );
    assert.deepEqual(
      short.problems.map(({ code }) => code),
      ["criu.badLength"],
    );
    await tiledSpans(short);
  });

  // Made by hand, as the format of frames has it: version 1, checksum of the content, blocks of 4 MiB, and the end.
  it("of CRaC are told by the magic of an LZ4 frame", async () => {
    const image = await openImage(
      "pages-1.comp.img",
      bufferSource(Buffer.from("04224d186450fb00000000", "hex")),
    );
    assert.equal(image.rest[0]?.format, "lz4");
    const other = await openImage("pages-1.comp.img", bufferSource(Buffer.alloc(32)));
    assert.equal(other.rest[0]?.format, undefined);
  });
});

describe("broken raw images", () => {
  it("with another magic than ip's are one payload, and say so", async () => {
    const image = await openImage("route-1.img", bufferSource(Buffer.alloc(40)));
    assert.deepEqual(
      image.problems.map(({ code }) => code),
      ["criu.badRawMagic"],
    );
    assert.deepEqual(await tiledSpans(image), [{ start: 0, end: 40, kind: "payload", path: "payload" }]);
  });

  it("keep the messages before a length that can't be", async () => {
    const bytes = Buffer.from(await readFile(join(await fixture("raw/netns"), "route-1.img")));
    const whole = await openImage("route-1.img", bufferSource(bytes));
    for (const length of [0, 15, 0xffffffff, bytes.length]) {
      const broken = Buffer.from(bytes);
      broken.writeUInt32LE(length, whole.entrySpan(2).start);
      const image = await openImage("route-1.img", bufferSource(broken));
      assert.equal(image.entryCount, 2, String(length));
      assert.equal(image.problems.length, 1);
      assert.equal(image.rest[0]?.name, "unknown");
      await tiledSpans(image);
    }
  });

  it("leave attributes undecoded from the first that can't be", async () => {
    const bytes = Buffer.from(await readFile(join(await fixture("corpus/ns-net"), "img/ifaddr-10.img")));
    // The length of the second attribute of the first message.
    bytes.writeUInt16LE(3, 4 + 16 + 8 + 8);
    const image = await openImage("ifaddr-10.img", bufferSource(bytes));
    await tiledSpans(image);
    const { message, problems } = await image.entry(0);
    assert.deepEqual(
      problems.map(({ code, offset }) => [code, offset]),
      [["criu.badAttribute", 36]],
    );
    assert.deepEqual(
      message.fields.slice(-2).map(({ name }) => name),
      ["IFA_ADDRESS", "undecoded"],
    );
  });

  it("nested without end stop at a depth", async () => {
    // CTA_EXPECT_MASTER in itself, 4000 times.
    let inner = Buffer.alloc(0);
    for (let depth = 0; depth < 4000; depth++) {
      const header = Buffer.alloc(4);
      header.writeUInt16LE(inner.length + 4, 0);
      header.writeUInt16LE(0x8001, 2);
      inner = Buffer.concat([header, inner]);
    }
    const header = Buffer.alloc(20);
    header.writeUInt32LE(20 + inner.length, 0);
    header.writeUInt16LE(0x200, 4);
    const image = await openImage("netns-exp-1.img", bufferSource(Buffer.concat([header, inner])));
    assert.equal(image.entryCount, 1);
    await tiledSpans(image);
  });

  it("have no lines where they are no text: sealed, and no key is at hand", async () => {
    const image = await open("sealed/tree-restorable-enc", "enc/iptables-10.img");
    assert.equal(image.entryCount, 0);
    assert.deepEqual(
      image.rest.map(({ name }) => name),
      ["data"],
    );
    await tiledSpans(image);
  });

  it("of a line without end are cut into entries of a bounded size", async () => {
    const image = await openImage("nftables-1.img", bufferSource(Buffer.alloc(1 << 20, "x")));
    assert.equal(image.entryCount, 16);
    await tiledSpans(image);
  });
});
