// No machine with AppArmor or SELinux made the fixtures: a real image of a process gets the word that CRIU would have kept of it
// (criu/lsm.c), encoded as `crit encode` does. The live texts are those of the kernel (security/apparmor/procattr.c: "NAME (MODE)"
// and a line break; security/selinux/hooks.c: the context and a zero byte).
import assert from "node:assert/strict";
import { cp, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTree } from "../../../src/archive/index.ts";
import { openCheckpoint } from "../../../src/checkpoint/index.ts";
import { encodeImage } from "../../../src/criu/index.ts";
import { readCrit } from "../checkpoint/support.ts";
import { fixture } from "../fixtures.ts";
import { assertSame, procOf, text } from "./support.ts";

const CASES = [
  ["AppArmor", "docker-default", "docker-default (enforce)\n"],
  ["SELinux", "system_u:system_r:container_t:s0:c1,c2", "system_u:system_r:container_t:s0:c1,c2\0"],
] as const;

interface Core {
  readonly thread_core: { readonly creds: object };
}

describe("the frozen /proc/PID/attr/current", () => {
  for (const [name, dumped, live] of CASES)
    it(`has the profile of ${name} that the process was under`, async () => {
      const folder = await fixture("corpus/a-single");
      const copy = await mkdtemp(join(tmpdir(), "cryoscope-lsm-"));
      try {
        await cp(join(folder, "img"), copy, { recursive: true });
        const file = (await readdir(copy)).find((each) => each.startsWith("core-")) ?? "";
        const crit = (await readCrit(join(folder, "crit", `${file}.json`))) as {
          readonly entries: readonly Core[];
        };
        const entries = crit.entries.map((core) => ({
          ...core,
          thread_core: {
            ...core.thread_core,
            creds: { ...core.thread_core.creds, lsm_profile: dumped },
          },
        }));
        await writeFile(
          join(copy, file),
          Buffer.concat([...encodeImage(JSON.stringify({ magic: "CORE", entries }))]),
        );
        const checkpoint = await openCheckpoint(await openTree(copy));
        const [pid = 0] = checkpoint.roots;
        assert.equal((await checkpoint.details(pid)).value.leader.credentials?.lsmProfile, dumped);
        const frozen = await text(procOf(checkpoint), `${pid}/attr/current`);
        assert.equal(frozen, `${dumped}\n`);
        assertSame("PID/attr/current", live, frozen, name);
        await checkpoint.close();
      } finally {
        await rm(copy, { recursive: true });
      }
    });
});
