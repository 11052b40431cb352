import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { listModules } from "../../../src/memory/index.ts";
import { withMemory } from "./support.ts";

const run = promisify(execFile);

describe("the modules of a process", () => {
  it("have the build id that readelf reads in the file", async () => {
    await withMemory(
      "memory/elfcore",
      "img",
      async (memory, folder) => {
        const { stdout } = await run("readelf", ["-n", join(folder, "root/threads")]);
        const expected = /Build ID: ([0-9a-f]+)/.exec(stdout)?.[1];
        const [program, vdso, ...others] = await listModules(memory, 1);
        assert.deepEqual(
          [program?.name, program?.start, program?.buildId, program?.from, program?.code],
          ["/threads", 0x400000n, expected, "memory", "file"],
        );
        assert.equal(vdso?.name, "[vdso]");
        assert.match(vdso.buildId ?? "", /^[0-9a-f]{40}$/);
        assert.deepEqual(others, []);
      },
      { sysroot: "root" },
    );
  });

  it("have the build id that CRIU noted where their headers were not dumped", async () => {
    await withMemory("corpus/c-shmem", "img", async (memory) => {
      const modules = await listModules(memory, 16703);
      assert.deepEqual(
        modules.map(({ name, buildId, from }) => [name, buildId, from]),
        [
          // As words in crit's JSON of files.img.
          ["/usr/local/bin/feat", "7443c6ff06d19e8aaf6cd4d5f565f129531f6e61", "images"],
          ["/usr/lib/x86_64-linux-gnu/libc.so.6", "5e5b51f4c39af9ac589408c1dc432ba390a273cc", "images"],
          ["[vdso]", modules[2]?.buildId, "memory"],
          [
            "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
            "86f7eb4ff495ed3f2831c6d3d662e4321762a2a3",
            "images",
          ],
        ],
      );
    });
  });
});
