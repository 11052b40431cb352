// Numbers of one kind each, beside the programs and headers that people know them from.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { criuSchema, showField, showMessage } from "../../../src/criu/index.ts";
import type { FieldSchema, MessageNode } from "../../../src/criu/index.ts";
import { fixture } from "../fixtures.ts";
import { corpusImages, readImage } from "./corpus.ts";

const run = promisify(execFile);

function field(message: string, name: string): FieldSchema {
  const found = criuSchema.messages[message]?.fields.find((each) => each.name === name);
  assert.ok(found, `${message}.${name}`);
  return found;
}

function shown(message: string, name: string, value: bigint | number): string {
  const schema = field(message, name);
  const span = { start: 0, end: 0 };
  const { number } = schema;
  const node = {
    kind: "field",
    name,
    number,
    wireType: 0,
    schema,
    index: undefined,
    span,
    valueSpan: span,
    value,
  } as const;
  return showField(node, 1000);
}

async function messagesOf(name: string, image: RegExp): Promise<MessageNode[]> {
  const messages: MessageNode[] = [];
  for (const each of await corpusImages(`corpus/${name}`))
    if (image.test(each.name))
      for await (const { message } of (await readImage(each)).entries()) messages.push(message);
  assert.ok(messages.length > 0);
  return messages;
}

function below(message: MessageNode, ...path: readonly string[]): MessageNode[] {
  return path.reduce<MessageNode[]>(
    (all, name) =>
      all.flatMap(({ fields }) =>
        fields
          .filter((each) => each.name === name)
          .flatMap(({ value }) => (typeof value === "object" && "kind" in value ? [value] : [])),
      ),
    [message],
  );
}

function text(message: MessageNode, name: string): string {
  const found = message.fields.find((each) => each.name === name);
  assert.ok(found, name);
  return showField(found, 1000, message);
}

/** The files in `proc/PID` of a fixture. */
async function procOf(name: string): Promise<(file: string) => Promise<string>> {
  const root = join(await fixture(`corpus/${name}`), "proc");
  const [pid = ""] = await readdir(root);
  return (file) => readFile(join(root, pid, file), "utf8");
}

describe("a number means", () => {
  it("the type and rights of a file, as ls prints them", async () => {
    const folder = await mkdtemp(join(tmpdir(), "modes-"));
    try {
      const [file, inner] = [join(folder, "file"), join(folder, "folder")];
      await writeFile(file, "");
      await mkdir(inner);
      for (const [path, mode] of [
        ...[0o644, 0o755, 0o4755, 0o4644, 0o2711, 0o2601, 0o7777, 0o000].map((each) => [file, each] as const),
        ...[0o755, 0o1777, 0o1776, 0o2770].map((each) => [inner, each] as const),
      ]) {
        await chmod(path, mode);
        const { stdout } = await run("ls", ["-ld", path], { env: { LC_ALL: "C" } });
        const real = (await stat(path)).mode;
        assert.equal(shown("ghost_file_entry", "mode", real), `0${real.toString(8)} ${stdout.slice(0, 10)}`);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("the major and minor of a device, as the kernel has them in mountinfo, with its mount options", async () => {
    // ro, nosuid, nodev, noexec, noatime, relatime of include/uapi/linux/mount.h
    const names = ["MS_RDONLY", "MS_NOSUID", "MS_NODEV", "MS_NOEXEC", "MS_NOATIME", "MS_RELATIME"];
    const options = ["ro", "nosuid", "nodev", "noexec", "noatime", "relatime"];
    const lines = new Map(
      (await (await procOf("ns-mnt"))("mountinfo"))
        .trim()
        .split("\n")
        .map((line) => [line.split(" ")[0], line.split(" ")]),
    );
    let compared = 0;
    for (const mount of await messagesOf("ns-mnt", /^mountpoints-/)) {
      const line = lines.get(text(mount, "mnt_id"));
      if (!line) continue;
      assert.equal(text(mount, "root_dev"), line[2]);
      const flags = text(mount, "flags").split(" | ");
      for (const [at, name] of names.entries())
        assert.equal(
          flags.includes(name),
          line[5]?.split(",").includes(options[at] ?? ""),
          `${name} of ${line.join(" ")}`,
        );
      compared++;
    }
    assert.ok(compared > 5, `${compared} mounts`);
  });

  it("the clock and the signal of a timer, as /proc/PID/timers has them", async () => {
    const timers = (await (await procOf("c-timers"))("timers")).trim().split(/\n(?=ID: )/);
    // include/uapi/linux/time.h
    const clocks = ["CLOCK_REALTIME", "CLOCK_MONOTONIC"];
    const rows = (await messagesOf("c-timers", /^core-/)).flatMap((core) =>
      below(core, "tc", "timers", "posix"),
    );
    assert.equal(rows.length, timers.length);
    for (const row of rows) {
      const theirs = timers.find((timer) => timer.startsWith(`ID: ${text(row, "it_id")}\n`)) ?? "";
      const clock = clocks[Number(/ClockID: (\d+)/.exec(theirs)?.[1])] ?? "?";
      assert.ok(showMessage(row).includes(`, ${clock}, `), showMessage(row));
      const signal = /signal: (\d+)\//.exec(theirs)?.[1] ?? "";
      if (signal !== "0") assert.ok(text(row, "si_signo").endsWith(`(${signal})`), text(row, "si_signo"));
    }
  });

  it("a span of time with its unit, and in larger ones", () => {
    assert.equal(shown("dump_stats_entry", "frozen_time", 1_234_567), "1234567 µs (1.234 s)");
    assert.equal(shown("timerfd_entry", "vnsec", 250_000_000n), "250000000 ns (250 ms)");
    assert.equal(shown("itimer_entry", "isec", 3n), "3 s");
    assert.equal(shown("sk_opts_entry", "so_rcv_tmo_usec", 1500n), "1500 µs (1.5 ms)");
  });

  it("a size in units, as numfmt writes it", async () => {
    for (const size of [10_240, 65_536, 1_048_576, 6_291_456, 1_073_741_824]) {
      const { stdout } = await run("numfmt", ["--to=iec-i", String(size)]);
      const [, number = "", unit = ""] = /^([\d.]+)(\w+)/.exec(stdout) ?? [];
      assert.match(
        shown("sk_opts_entry", "so_sndbuf", size),
        new RegExp(`^${size} \\(${number.replace(/\.0$/, "")}(\\.0)? ${unit}B\\)$`),
      );
    }
  });

  it("an error in a register that a system call gave back", async () => {
    // include/uapi/asm-generic/errno-base.h and include/linux/errno.h
    assert.equal(shown("user_x86_regs_entry", "ax", BigInt.asUintN(64, -4n)), "0xfffffffffffffffc -EINTR");
    assert.equal(
      shown("user_x86_regs_entry", "ax", BigInt.asUintN(64, -516n)),
      "0xfffffffffffffdfc -ERESTART_RESTARTBLOCK",
    );
    assert.equal(shown("user_x86_regs_entry", "ax", 4n), "0x4");
    // A program that sleeps in the kernel is frozen in the system call that /proc/PID/stat's wchan would name.
    const [core] = await messagesOf("c-timers", /^core-/);
    assert.ok(core);
    const [regs] = below(core, "thread_info", "gpregs");
    assert.ok(regs);
    assert.match(text(regs, "orig_ax"), /^\d+ \w+$|not in a system call/);
    assert.match(text(regs, "ip"), /^0x[0-9a-f]+$/);
  });

  it("how a process ended, as the shell tells it", async () => {
    for (const [program, code, words] of [
      ["exit 3", 3, "exited with 3"],
      ["kill -KILL $$", "SIGKILL", "killed by SIGKILL"],
      ["kill -TERM $$", "SIGTERM", "killed by SIGTERM"],
    ] as const) {
      const ended = await run("sh", ["-c", program]).catch(
        (error: unknown) => error as { code: unknown; signal: unknown },
      );
      assert.ok("code" in ended && [ended.code, ended.signal].includes(code));
      // WIFEXITED, WTERMSIG of wait(2): the code in the second byte, else the signal in the first.
      const status = typeof code === "number" ? code << 8 : { SIGKILL: 9, SIGTERM: 15 }[code];
      assert.equal(shown("task_core_entry", "exit_code", status), `${status} ${words}`);
    }
  });

  it("what a cgroup's property is set to, with the rights of its file", async () => {
    const properties = (await messagesOf("c-cgroup-full", /^cgroup/)).flatMap((cgroup) => [
      ...below(cgroup, "controllers", "dirs", "properties"),
      ...below(cgroup, "controllers", "dirs", "children", "properties"),
    ]);
    assert.ok(properties.length > 0);
    for (const property of properties) {
      const [name, value] = ["name", "value"].map(
        (each) => property.fields.find((one) => one.name === each)?.value,
      );
      assert.equal(showMessage(property), `${JSON.stringify(name)} = ${JSON.stringify(value)}`);
    }
    const rights = properties.flatMap((property) => below(property, "perms"));
    for (const each of rights) assert.match(text(each, "mode"), /^0\d{3,6} (-?[r-][w-][x-]){1}/);
  });

  it("who it belongs to, and nobody when all bits are set", () => {
    assert.equal(shown("tun_link_entry", "owner", -1), "-1 unset");
    assert.equal(shown("creds_entry", "uid", 1000), "1000");
  });
});
