import assert from "node:assert/strict";
import { instructionText, readProgram, seccompAction, seccompParts } from "../../../src/criu/meaning/bpf.ts";
import { syscallName } from "../../../src/criu/meaning/syscalls.ts";
import { corpusImages, readImage } from "./corpus.ts";

/** What tcpdump 4.99 (libpcap 1.10) gives for a filter: -ddd as code,jt,jf,k, and -d with single spaces. */
const PROGRAMS: readonly { readonly filter: string; readonly codes: string; readonly text: string }[] = [
  {
    filter: "tcp port 80 and host 10.0.0.1",
    codes:
      "40,0,0,12 21,15,0,34525 21,0,14,2048 48,0,0,23 21,0,12,6 40,0,0,20 69,10,0,8191 177,0,0,14 72,0,0,14 21,2,0,80 72,0,0,16 21,0,5,80 32,0,0,26 21,2,0,167772161 32,0,0,30 21,0,1,167772161 6,0,0,262144 6,0,0,0",
    text: "ldh [12]\njeq #0x86dd jt 17 jf 2\njeq #0x800 jt 3 jf 17\nldb [23]\njeq #0x6 jt 5 jf 17\nldh [20]\njset #0x1fff jt 17 jf 7\nldxb 4*([14]&0xf)\nldh [x + 14]\njeq #0x50 jt 12 jf 10\nldh [x + 16]\njeq #0x50 jt 12 jf 17\nld [26]\njeq #0xa000001 jt 16 jf 14\nld [30]\njeq #0xa000001 jt 16 jf 17\nret #262144\nret #0",
  },
  {
    filter: "ip[6:2] & 0x1fff = 0 and udp[4:2] > 100",
    codes:
      "40,0,0,12 21,0,10,2048 40,0,0,20 69,8,0,8191 48,0,0,23 21,0,6,17 40,0,0,20 69,4,0,8191 177,0,0,14 72,0,0,18 37,0,1,100 6,0,0,262144 6,0,0,0",
    text: "ldh [12]\njeq #0x800 jt 2 jf 12\nldh [20]\njset #0x1fff jt 12 jf 4\nldb [23]\njeq #0x11 jt 6 jf 12\nldh [20]\njset #0x1fff jt 12 jf 8\nldxb 4*([14]&0xf)\nldh [x + 18]\njgt #0x64 jt 11 jf 12\nret #262144\nret #0",
  },
  {
    filter: "ip6 and not icmp6",
    codes: "40,0,0,12 21,0,6,34525 48,0,0,20 21,4,0,58 21,0,2,44 48,0,0,54 21,1,0,58 6,0,0,262144 6,0,0,0",
    text: "ldh [12]\njeq #0x86dd jt 2 jf 8\nldb [20]\njeq #0x3a jt 8 jf 4\njeq #0x2c jt 5 jf 7\nldb [54]\njeq #0x3a jt 8 jf 7\nret #262144\nret #0",
  },
  {
    filter: "len <= 128",
    codes: "128,0,0,0 37,0,1,128 6,0,0,0 6,0,0,262144",
    text: "ld #pktlen\njgt #0x80 jt 2 jf 3\nret #0\nret #262144",
  },
  {
    filter: "ether[0] & 1 != 0 or ip[8] * 3 - 2 > 7",
    codes:
      "48,0,0,0 69,6,0,1 40,0,0,12 21,0,5,2048 48,0,0,22 36,0,0,3 20,0,0,2 37,0,1,7 6,0,0,262144 6,0,0,0",
    text: "ldb [0]\njset #0x1 jt 8 jf 2\nldh [12]\njeq #0x800 jt 4 jf 9\nldb [22]\nmul #3\nsub #2\njgt #0x7 jt 8 jf 9\nret #262144\nret #0",
  },
  {
    filter: "tcp[13] & 2 != 0",
    codes:
      "40,0,0,12 21,0,8,2048 48,0,0,23 21,0,6,6 40,0,0,20 69,4,0,8191 177,0,0,14 80,0,0,27 69,0,1,2 6,0,0,262144 6,0,0,0",
    text: "ldh [12]\njeq #0x800 jt 2 jf 10\nldb [23]\njeq #0x6 jt 4 jf 10\nldh [20]\njset #0x1fff jt 10 jf 6\nldxb 4*([14]&0xf)\nldb [x + 27]\njset #0x2 jt 9 jf 10\nret #262144\nret #0",
  },
  {
    filter: "ip[0] ^ 3 = 5 and (ip[1] | 4) % 3 = 1 and ip[2] << 1 > ip[3] >> 2",
    codes:
      "40,0,0,12 21,0,16,2048 48,0,0,14 164,0,0,3 21,0,13,5 48,0,0,15 68,0,0,4 148,0,0,3 21,0,9,1 48,0,0,16 100,0,0,1 2,0,0,9 48,0,0,17 116,0,0,2 7,0,0,12 96,0,0,9 45,0,1,0 6,0,0,262144 6,0,0,0",
    text: "ldh [12]\njeq #0x800 jt 2 jf 18\nldb [14]\nxor #0x3\njeq #0x5 jt 5 jf 18\nldb [15]\nor #0x4\nmod #3\njeq #0x1 jt 9 jf 18\nldb [16]\nlsh #1\nst M[9]\nldb [17]\nrsh #2\ntax\nld M[9]\njgt x jt 17 jf 18\nret #262144\nret #0",
  },
];

function assemble(codes: string): Uint8Array {
  const rows = codes.split(" ").map((row) => row.split(",").map(Number));
  const bytes = new Uint8Array(rows.length * 8);
  const view = new DataView(bytes.buffer);
  for (const [at, [code = 0, jt = 0, jf = 0, k = 0]] of rows.entries()) {
    view.setUint16(at * 8, code, true);
    view.setUint8(at * 8 + 2, jt);
    view.setUint8(at * 8 + 3, jf);
    view.setUint32(at * 8 + 4, k, true);
  }
  return bytes;
}

describe("classic BPF", () => {
  for (const { filter, codes, text } of PROGRAMS)
    it(`is disassembled as tcpdump does: ${filter}`, () => {
      const shown = readProgram(assemble(codes)).map(instructionText);
      assert.deepEqual(shown, text.split("\n"));
    });

  it("names what a seccomp filter loads, compares and returns", async () => {
    const [seccomp] = (await corpusImages("corpus/c-seccomp")).filter(({ name }) => name === "seccomp.img");
    assert.ok(seccomp);
    const { message } = await (await readImage(seccomp)).entry(0);
    const filters = message.fields.map(({ value }) => {
      assert.ok(typeof value === "object" && "kind" in value);
      const bytes = value.fields.find(({ name }) => name === "filter")?.value;
      assert.ok(bytes instanceof Uint8Array);
      return seccompParts(bytes).map((part) => part.value.split("  ; ")[1]);
    });
    // The program of the fixture blocks one system call in each thread, by its own source.
    const expected = (call: string) => ["arch", "X86_64", "KILL_PROCESS", "nr", call, "ERRNO EPERM", "ALLOW"];
    assert.deepEqual(filters, [expected("reboot"), expected("ptrace"), expected("ptrace")]);
  });

  it("names no system call where two machines meet", () => {
    // ld arch; jeq X86_64 jt 3 jf 2; ld arch; (3) ld nr; jeq #1; ret; reached with and without X86_64.
    const bytes = assemble("32,0,0,4 21,1,0,3221225534 32,0,0,4 32,0,0,0 21,0,1,1 6,0,0,2147418112 6,0,0,0");
    assert.equal(seccompParts(bytes)[4]?.value, "jeq #0x1 jt 5 jf 6");
  });

  it("shows a code that the kernel doesn't know as it is", () => {
    assert.equal(instructionText({ code: 0xffff, jt: 0, jf: 0, k: 3 }, 0), "unimp 0xffff #0x3");
  });

  it("shows the whole instructions of a program that ends in the middle of one", () => {
    assert.equal(seccompParts(assemble("32,0,0,0 6,0,0,0").subarray(0, 15)).length, 1);
  });

  // include/uapi/linux/seccomp.h
  const actions: readonly (readonly [value: number, text: string])[] = [
    [0x00000000, "KILL_THREAD"],
    [0x80000000, "KILL_PROCESS"],
    [0x00030005, "TRAP 5"],
    [0x00050026, "ERRNO ENOSYS"],
    [0x7fc00000, "USER_NOTIF"],
    [0x7ff00001, "TRACE 1"],
    [0x7ffc0000, "LOG"],
    [0x7fff0000, "ALLOW"],
  ];
  for (const [value, text] of actions)
    it(`names the return value 0x${value.toString(16)}`, () => {
      assert.equal(seccompAction(value), text);
    });

  it("has the system calls of both machines under their numbers", () => {
    // From asm/unistd_64.h and asm-generic/unistd.h.
    assert.deepEqual(
      [0, 59, 231, 257, 334, 424, 449, 335, 100_000].map((number) => syscallName("X86_64", number)),
      [
        "read",
        "execve",
        "exit_group",
        "openat",
        "rseq",
        "pidfd_send_signal",
        "futex_waitv",
        undefined,
        undefined,
      ],
    );
    assert.deepEqual(
      [0, 56, 93, 220, 221, 281, 293, 435].map((number) => syscallName("AARCH64", number)),
      ["io_setup", "openat", "exit", "clone", "execve", "execveat", "rseq", "clone3"],
    );
  });
});
