// Names of flags and constants beside the headers of the kernel and the C library, as a C compiler reads them.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { criuSchema } from "../../../src/criu/index.ts";

const HEADERS = [
  "sys/mman.h linux/fcntl.h fcntl.h signal.h sys/epoll.h sys/eventfd.h sys/timerfd.h sys/inotify.h linux/fanotify.h",
  "asm/termbits.h linux/if_tun.h linux/if.h linux/tcp.h linux/securebits.h linux/membarrier.h linux/seccomp.h",
  "linux/personality.h linux/mount.h linux/bpf.h linux/rtnetlink.h linux/if_addr.h linux/fib_rules.h linux/in.h",
  "linux/netfilter/nf_conntrack_common.h linux/netfilter/nf_conntrack_tcp.h linux/netfilter/nfnetlink_conntrack.h",
  "linux/sched.h linux/memfd.h linux/netlink.h linux/if_link.h linux/time.h linux/net.h",
]
  .join(" ")
  .split(" ");

/** Where CRIU keeps a constant in another form than the header has it: ours, of the header's. */
const FORMS: Readonly<Record<string, (value: bigint) => bigint>> = {
  // criu/include/image.h: a bit for each advice of madvise(2).
  "vma.madv": (advice) => 1n << advice,
};
/** Tables that are not of these headers, though a name is: glibc's O_LARGEFILE is 0, types of netlink have a subsystem. */
const OTHERS = /^(O_LARGEFILE|IPCTNL_MSG_\w+)$/;

interface Row {
  readonly table: string;
  readonly name: string;
  readonly value: bigint;
}

const ROWS: readonly Row[] = [
  ...Object.values(criuSchema.flags).flatMap(({ name: table, bits }) =>
    bits.map(([name, mask]) => ({ table, name, value: BigInt(mask) })),
  ),
  ...Object.values(criuSchema.enums).flatMap(({ name: table, values }) =>
    Object.entries(values).map(([name, number]) => ({ table, name, value: BigInt(number) })),
  ),
].filter(({ name }) => /^[A-Z][A-Z0-9]*_?[A-Z0-9_]*$/.test(name) && !OTHERS.test(name));

const compile = (args: readonly string[], input: string): string =>
  execFileSync("cc", ["-D_GNU_SOURCE", "-w", "-x", "c", ...args, "-"], {
    input,
    encoding: "utf8",
    stdio: ["pipe", "pipe", "pipe"],
    maxBuffer: 1 << 26,
  });

/** The values that a header gives to these names; of those that are no constants there, none. */
function valuesIn(header: string, names: readonly string[], program: string): ReadonlyMap<string, bigint> {
  const include = `#include <${header}>\n`;
  let text: string;
  try {
    text = compile(["-E", "-dD"], include);
  } catch {
    return new Map();
  }
  const words = new Set(text.match(/\b[A-Z]\w*/g));
  let asked = names.filter((name) => words.has(name));
  while (asked.length > 0) {
    const lines = asked.map((name) => `printf("${name} %lld\\n", (long long)(${name}));`);
    try {
      compile(["-o", program], `#include <stdio.h>\n${include}int main(void) {\n${lines.join("\n")}\n}\n`);
    } catch (error) {
      const said = String((error as { stderr?: unknown }).stderr);
      const bad = new Set([...said.matchAll(/[‘'`](\w+)[’']/g)].map(([, name]) => name));
      const left = asked.filter((name) => !bad.has(name));
      if (left.length === asked.length) return new Map();
      asked = left;
      continue;
    }
    const out = execFileSync(program, { encoding: "utf8" }).trim().split("\n");
    return new Map(
      out.map((line) => line.split(" ")).map(([name = "", value = "0"]) => [name, BigInt(value)]),
    );
  }
  return new Map();
}

describe("names of flags and constants", () => {
  it("have the values that the kernel's and the C library's headers give them", function () {
    this.timeout(240_000);
    // CRIU's images are of the machine dumped on; the tables are x86's, and some numbers are others elsewhere.
    if (process.arch !== "x64") this.skip();
    try {
      execFileSync("cc", ["--version"], { stdio: "ignore" });
    } catch {
      this.skip();
    }
    const folder = mkdtempSync(join(tmpdir(), "names-"));
    const known = new Map<string, bigint>();
    try {
      for (const header of HEADERS) {
        const names = [...new Set(ROWS.map(({ name }) => name))].filter((name) => !known.has(name));
        for (const [name, value] of valuesIn(header, names, join(folder, "program"))) known.set(name, value);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
    const compared = ROWS.filter(({ name }) => known.has(name));
    const wrong = compared.filter(({ table, name, value }) => {
      const theirs = known.get(name) ?? 0n;
      const expected = FORMS[table]?.(theirs) ?? theirs;
      return BigInt.asUintN(32, value) !== BigInt.asUintN(32, expected);
    });
    assert.deepEqual(wrong, []);
    assert.ok(compared.length > 300, `${compared.length} names`);
  });
});
