import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { elementName, partsOf, showField, showList, showMessage } from "../../../src/criu/index.ts";
import type { FieldNode, MessageNode } from "../../../src/criu/index.ts";
import { fixture } from "../fixtures.ts";
import { corpusImages, readImage } from "./corpus.ts";

// Expected values are what the kernel wrote of the same process before it was frozen: /proc/PID/*.

interface Frozen {
  readonly message: MessageNode;
  readonly proc: (name: string) => Promise<string>;
}

/** The only entry of the first image of a kind, with the process's /proc beside it. */
async function frozen(name: string, pattern: RegExp): Promise<Frozen> {
  const root = await fixture(`corpus/${name}`);
  const [pid = ""] = await readdir(join(root, "proc"));
  const image = (await corpusImages(`corpus/${name}`)).find(
    (each) => pattern.test(each.name) && each.name.includes(pid),
  );
  assert.ok(image, `${name} has no ${String(pattern)}`);
  const { message } = await (await readImage(image)).entry(0);
  return { message, proc: (file) => readFile(join(root, "proc", pid, file), "utf8") };
}

function message(from: MessageNode, ...path: readonly string[]): MessageNode {
  let at = from;
  for (const name of path) {
    const value = at.fields.find((field) => field.name === name)?.value;
    assert.ok(typeof value === "object" && "kind" in value, name);
    at = value;
  }
  return at;
}

function fields(from: MessageNode, name: string): readonly FieldNode[] {
  return from.fields.filter((field) => field.name === name);
}

function shown(from: MessageNode, name: string): string {
  const [field] = fields(from, name);
  assert.ok(field, name);
  return showField(field, 1000, from);
}

/** A line of /proc/PID/status. */
function status(text: string, name: string): string {
  return new RegExp(`^${name}:\\s*(.*)$`, "m").exec(text)?.[1] ?? "";
}

/** kill -l of bash. */
const KILL_L: Readonly<Record<number, string>> = {
  10: "SIGUSR1",
  12: "SIGUSR2",
  15: "SIGTERM",
  36: "SIGRTMIN+2",
};

function signals(mask: string): string {
  const bits = BigInt(`0x${mask}`);
  const numbers = Array.from({ length: 64 }, (_, bit) => bit + 1).filter(
    (number) => (bits >> BigInt(number - 1)) & 1n,
  );
  return numbers.map((number) => KILL_L[number] ?? String(number)).join(" ") || "none";
}

describe("what a value means", () => {
  it("is the names of blocked signals", async () => {
    const { message: core, proc } = await frozen("c-signals", /^core-/);
    const blocked = signals(status(await proc("status"), "SigBlk"));
    assert.equal(shown(message(core, "tc"), "blk_sigset"), blocked);
  });

  it("is signal and sender of what waits for the process", async () => {
    const { message: core, proc } = await frozen("c-signals", /^core-/);
    const text = await proc("status");
    for (const [path, mask] of [
      [["tc", "signals_s"], "ShdPnd"],
      [["thread_core", "signals_p"], "SigPnd"],
    ] as const) {
      const waiting = fields(message(core, ...path), "signals").map(({ value }) => {
        assert.ok(typeof value === "object" && "kind" in value);
        const [info] = fields(value, "siginfo");
        assert.ok(info);
        return Object.fromEntries(partsOf(info).map((part) => [part.name, part.value]));
      });
      const names = [...new Set(waiting.map(({ si_signo = "" }) => si_signo.replace(/ .*/, "")))];
      assert.equal(names.join(" "), signals(status(text, mask)));
      // The program of the fixture signals itself.
      for (const { si_pid, si_uid } of waiting)
        assert.deepEqual([si_pid, si_uid], [status(text, "Pid"), status(text, "Uid").split("\t")[0]]);
    }
  });

  it("is the disposition of each signal by its name", async () => {
    const { message: core, proc } = await frozen("c-signals", /^core-/);
    const text = await proc("status");
    const tc = message(core, "tc");
    const having = (action: RegExp): string =>
      fields(tc, "sigactions")
        .filter((field) => action.test(showField(field, 1000, tc)))
        .map((field) => elementName(field, tc))
        .join(" ");
    const named = (mask: string) => signals(mask).replace("13", "SIGPIPE");
    assert.equal(having(/^SIG_IGN/), named(status(text, "SigIgn")));
    assert.equal(having(/^0x/), named(status(text, "SigCgt")));
  });

  it("is the capabilities of a set", async () => {
    const { message: core, proc } = await frozen("c-signals", /^core-/);
    const creds = message(core, "thread_core", "creds");
    const text = await proc("status");
    const sets = { cap_inh: "CapInh", cap_prm: "CapPrm", cap_eff: "CapEff", cap_bnd: "CapBnd" };
    for (const [field, name] of Object.entries(sets)) {
      const mask = BigInt(`0x${status(text, name)}`);
      // Linux 6.1 has 41 capabilities; 24 is CAP_SYS_RESOURCE in capability.h, which a CI container lacks.
      const expected = mask === 0n ? "none" : mask === 0x1fffeffffffn ? "all but CAP_SYS_RESOURCE" : "all";
      assert.equal(showList(fields(creds, field)), expected, name);
    }
  });

  it("is a resource limit with its name", async () => {
    const { message: core, proc } = await frozen("c-signals", /^core-/);
    const rlimits = message(core, "tc", "rlimits");
    const rows = (await proc("limits")).split("\n").slice(1, 17);
    // Titles of /proc/PID/limits in the order of fs/proc/base.c; its names are the last word or two of each RLIMIT_.
    const titles: Readonly<Record<string, string>> = {
      RLIMIT_CPU: "cpu time",
      RLIMIT_FSIZE: "file size",
      RLIMIT_DATA: "data size",
      RLIMIT_STACK: "stack size",
      RLIMIT_CORE: "core file size",
      RLIMIT_RSS: "resident set",
      RLIMIT_NPROC: "processes",
      RLIMIT_NOFILE: "open files",
      RLIMIT_MEMLOCK: "locked memory",
      RLIMIT_AS: "address space",
      RLIMIT_LOCKS: "file locks",
      RLIMIT_SIGPENDING: "pending signals",
      RLIMIT_MSGQUEUE: "msgqueue size",
      RLIMIT_NICE: "nice priority",
      RLIMIT_RTPRIO: "realtime priority",
      RLIMIT_RTTIME: "realtime timeout",
    };
    const mine = fields(rlimits, "rlimits").map((field) => {
      const title = titles[elementName(field, rlimits) ?? ""] ?? "";
      const limit = /^soft (\S+), hard (\S+)$/.exec(showField(field, 200, rlimits));
      return `${title} ${limit?.[1] ?? ""} ${limit?.[2] ?? ""}`;
    });
    const theirs = rows.map((row) => row.slice(4).trim().split(/ {2,}/).slice(0, 3).join(" "));
    assert.deepEqual(mine, theirs);
  });

  it("is a line of /proc/PID/maps for a mapping", async () => {
    const { message: mm, proc } = await frozen("c-shmem", /^mm-/);
    const maps = (await proc("maps")).trim().split("\n");
    const theirs = maps.map((line) => line.split(" ").slice(0, 3).join(" "));
    const mine = fields(mm, "vmas").map(({ value }) => {
      assert.ok(typeof value === "object" && "kind" in value);
      return showMessage(value);
    });
    // CRIU joins the two mappings of the kernel's clocks (VVAR).
    const ordinary = mine.filter((line) => !line.includes("VVAR")).map((line) => line.split("  ")[0] ?? "");
    assert.ok(ordinary.length > 10);
    for (const line of ordinary) assert.ok(theirs.includes(line), line);
  });

  it("is the auxiliary vector by its types", async () => {
    const root = await fixture("corpus/c-signals");
    const { message: mm } = await frozen("c-signals", /^mm-/);
    const [pid = ""] = await readdir(join(root, "proc"));
    const raw = await readFile(join(root, "proc", pid, "auxv"));
    const page = Array.from({ length: raw.length / 16 }, (_, at) => [
      raw.readBigUInt64LE(at * 16),
      raw.readBigUInt64LE(at * 16 + 8),
    ]);
    // elf.h: AT_PAGESZ 6, AT_ENTRY 9, AT_RANDOM 25, AT_SYSINFO_EHDR 33
    const text = showList(fields(mm, "mm_saved_auxv"));
    for (const [type, name, radix] of [
      [6n, "AT_PAGESZ", 10],
      [9n, "AT_ENTRY", 16],
      [25n, "AT_RANDOM", 16],
      [33n, "AT_SYSINFO_EHDR", 16],
    ] as const) {
      const value = page.find(([each]) => each === type)?.[1];
      assert.ok(value !== undefined);
      assert.match(text, new RegExp(`\\b${name} ${radix === 16 ? "0x" : ""}${value.toString(radix)}(,|$)`));
    }
  });

  it("is the settings of a terminal as stty prints them", async () => {
    const image = (await corpusImages("corpus/c-pty")).find(({ name }) => name === "tty-info.img");
    assert.ok(image);
    const { message: tty } = await (await readImage(image)).entry(0);
    const termios = message(tty, "termios");
    // stty -a on a new pseudo-terminal of Linux 6.1.
    const stty: Readonly<Record<string, string>> = {
      VINTR: "^C",
      VQUIT: "^\\",
      VERASE: "^?",
      VKILL: "^U",
      VEOF: "^D",
      VSTART: "^Q",
      VSTOP: "^S",
      VSUSP: "^Z",
      VREPRINT: "^R",
      VWERASE: "^W",
      VLNEXT: "^V",
      VDISCARD: "^O",
      VEOL: "0",
      VEOL2: "0",
      VSWTC: "0",
    };
    const shownText = showList(fields(termios, "c_cc")).split(", ");
    for (const [name, value] of Object.entries(stty)) assert.ok(shownText.includes(`${name} ${value}`), name);
    assert.equal(shown(termios, "c_cflag"), "B38400 | CS8 | CREAD");
    assert.equal(shown(termios, "c_oflag"), "OPOST | ONLCR");
  });
});
