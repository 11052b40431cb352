import assert from "node:assert/strict";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findFindings, RULES } from "../../../src/analysis/index.ts";
import type { Finding } from "../../../src/analysis/index.ts";
import { openTree } from "../../../src/archive/index.ts";
import { openCheckpoint } from "../../../src/checkpoint/index.ts";
import { encodeImage } from "../../../src/criu/index.ts";
import { fixture } from "../fixtures.ts";

/** What crit says of an image, as text. */
type Alter = (json: string) => string;

async function findingsIn(images: string): Promise<readonly Finding[]> {
  const tree = await openTree(images);
  const checkpoint = await openCheckpoint(tree);
  try {
    const found: Finding[] = [];
    for await (const finding of findFindings(checkpoint)) found.push(finding);
    return found;
  } finally {
    await checkpoint.close();
    await tree.close();
  }
}

/** The findings of one rule in a corpus checkpoint as it is, as `place: detail` without the process's name. */
async function found(name: string, rule: string): Promise<readonly Finding[]> {
  const folder = await fixture(`corpus/${name}`);
  return (await findingsIn(join(folder, "img"))).filter((each) => each.rule === rule);
}

/** The same with one image made anew from crit's JSON of it, changed by `alter`. */
async function foundIn(name: string, image: RegExp, alter: Alter, rule: string): Promise<readonly Finding[]> {
  const folder = await fixture(`corpus/${name}`);
  const copy = await mkdtemp(join(tmpdir(), "findings-"));
  try {
    await cp(join(folder, "img"), copy, { recursive: true });
    const file = (await readdir(copy)).find((each) => image.test(each)) ?? "";
    const json = await readFile(join(folder, "crit", `${file}.json`), "utf8");
    const altered = alter(json);
    assert.notEqual(altered, json, "nothing was altered");
    await writeFile(join(copy, file), Buffer.concat([...encodeImage(altered)]));
    return (await findingsIn(copy)).filter((each) => each.rule === rule);
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

describe("findings", () => {
  it("have rules with names, titles and reasons of their own", () => {
    for (const key of ["id", "title", "why"] as const)
      assert.equal(new Set(RULES.map((rule) => rule[key])).size, RULES.length);
  });

  it("tell of no memory that can be written and run where the live maps had none", async () => {
    const folder = await fixture("corpus/c-ghost");
    const [pid = ""] = await readdir(join(folder, "proc"));
    const maps = await readFile(join(folder, "proc", pid, "maps"), "utf8");
    assert.doesNotMatch(maps, / .wx. /);
    assert.deepEqual(await found("c-ghost", "memory.writableExecutable"), []);
    assert.deepEqual(await found("c-ghost", "memory.deletedExecutable"), []);
  });

  it("tell of code of a deleted file, and of memory that can be written and run", async () => {
    // The deleted file that c-ghost has mapped, as if it could be run.
    const folder = await fixture("corpus/c-ghost");
    const [pid = ""] = await readdir(join(folder, "proc"));
    const maps = await readFile(join(folder, "proc", pid, "maps"), "utf8");
    const start = /^([0-9a-f]+)-.*ghostmap\.bin \(deleted\)$/m.exec(maps)?.[1] ?? "";
    const runnable: Alter = (json) =>
      json.replace(
        new RegExp(`("start": "0x${start}"[^}]*"prot": ")PROT_READ \\| PROT_WRITE"`),
        '$1PROT_READ | PROT_WRITE | PROT_EXEC"',
      );
    for (const rule of ["memory.deletedExecutable", "memory.writableExecutable"]) {
      const [only, ...others] = await foundIn("c-ghost", /^mm-/, runnable, rule);
      assert.deepEqual(only?.place, { kind: "mapping", pid: Number(pid), start: BigInt(`0x${start}`) });
      assert.match(only.detail, /ghostmap\.bin \(deleted\)$/);
      assert.deepEqual(others, []);
    }
  });

  it("tell of root with all capabilities, and not of root without CAP_SYS_RESOURCE", async () => {
    const folder = await fixture("corpus/c-ghost");
    const [pid = ""] = await readdir(join(folder, "proc"));
    const status = await readFile(join(folder, "proc", pid, "status"), "utf8");
    // The live process lacked bit 24 alone.
    assert.match(status, /^CapEff:\s+000001fffeffffff$/m);
    assert.deepEqual(await found("c-ghost", "process.fullCapabilities"), []);
    const full: Alter = (json) => json.replace(/("cap_eff": \[\s*)\d+/, `$1${String(0xffff_ffff)}`);
    const [only, ...others] = await foundIn("c-ghost", /^core-/, full, "process.fullCapabilities");
    assert.deepEqual(only?.place, { kind: "process", pid: Number(pid) });
    assert.deepEqual(others, []);
  });

  it("tell of sockets that listen on all addresses, and not of those on the loopback", async () => {
    assert.deepEqual(await found("c-tcplisten", "network.listeningEverywhere"), []);
    const everywhere: Alter = (json) => json.replace('"127.0.0.1"', '"0.0.0.0"');
    const [only, ...others] = await foundIn(
      "c-tcplisten",
      /^files\.img$/,
      everywhere,
      "network.listeningEverywhere",
    );
    assert.match(only?.detail ?? "", /TCP 0\.0\.0\.0:18081 LISTEN$/);
    assert.deepEqual(others, []);
  });

  it("count the bytes that wait in pipes as crit has them", async () => {
    const folder = await fixture("corpus/c-pipes");
    const crit = JSON.parse(await readFile(join(folder, "crit/pipes-data.img.json"), "utf8")) as {
      readonly entries: readonly { readonly pipe_id: number; readonly bytes: number }[];
    };
    const waiting = crit.entries.filter(({ bytes }) => bytes > 0);
    assert.ok(waiting.length > 0);
    const details = (await found("c-pipes", "files.queuedData")).map(({ detail }) => detail);
    for (const { pipe_id, bytes } of waiting)
      assert.ok(
        details.some((detail) => detail.endsWith(`: ${bytes} bytes in pipe:[${pipe_id}]`)),
        `${bytes} bytes in ${pipe_id} are not among ${details.join()}`,
      );
  });
});
