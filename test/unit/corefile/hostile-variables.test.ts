import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { bufferSource } from "../../../src/bytes/index.ts";
import { openDebugInfo } from "../../../src/corefile/dwarf/info/index.ts";
import { openLines } from "../../../src/corefile/dwarf/lines.ts";
import { openElfFile } from "../../../src/corefile/elf/elf-file.ts";
import { childrenOfValue, valueAt, valueNumber } from "../../../src/corefile/index.ts";
import type { DataType, DebugInfo } from "../../../src/corefile/index.ts";
import { fixture } from "../fixtures.ts";
import { spaceOf } from "./core-space.ts";

const SECTIONS = [
  ...[".debug_info", ".debug_abbrev", ".debug_loclists", ".debug_rnglists", ".debug_loc", ".debug_ranges"],
  ...[".debug_str", ".debug_line"],
];

/** Asks for everything that a debugger would, at these addresses. */
async function askAll(info: DebugInfo, addresses: readonly bigint[]): Promise<number> {
  let variables = 0;
  for (const address of addresses) {
    for (const { scope } of await info.functionsAt(address)) {
      const found = await info.variables(scope);
      for (const variable of [...found.arguments, ...found.locals]) {
        variables++;
        await info.locate(variable, scope, {
          ...{ address, bias: 0n, cfa: 0x7000n },
          register: () => 0x1234n,
          memory: () => Promise.resolve(5n),
        });
        await lookInto(await variable.type(), 0);
      }
    }
    await info.statics(address);
  }
  await info.named("global_number");
  await info.type("node", addresses[0] ?? 0n);
  return variables;
}

const NOWHERE = spaceOf({ segments: [] }, []);

async function lookInto(type: DataType, depth: number): Promise<void> {
  if (depth > 3) return;
  const value = valueAt(type, 0x1000n);
  await valueNumber(NOWHERE, value);
  for (const child of await childrenOfValue(NOWHERE, value, 0, 4))
    await lookInto(child.value.type, depth + 1);
  if (type.kind === "pointer") await lookInto(await type.to(), depth + 1);
}

describe("types and variables that were tampered with", () => {
  for (const [program, addresses] of [
    ["c-O2", [0x4017e9n, 0x40194an, 0x4015d1n, 0x40111dn]],
    ["c-O0-v4", [0x40182dn, 0x401b18n, 0x401bf4n, 0x401979n]],
    ["cpp-O2", [0x401106n, 0x402138n, 0x401ee0n]],
    ["mixed", [0x201861n, 0x201758n, 0x201501n, 0x201570n]],
  ] as const)
    it(`of ${program} are fewer, and never an error nor an endless loop`, async function () {
      this.timeout(120_000);
      const folder =
        program === "mixed"
          ? join(await fixture("unwind/several-languages"), "root/srv/fx")
          : await fixture("unwind/locals");
      const whole = await readFile(join(folder, program));
      const sound = await openElfFile(bufferSource(whole));
      assert.ok(sound);
      assert.ok((await askAll(openDebugInfo(sound, openLines(sound)), addresses)) > 8);
      for (const name of SECTIONS) {
        const section = sound.section(name);
        if (section === undefined) continue;
        for (let seed = 1; seed <= 12; seed++) {
          const bytes = Buffer.from(whole);
          let state = Math.imul(seed, 2_654_435_761) >>> 0;
          // A few bytes, or many.
          for (let count = 0; count < (seed % 3 === 0 ? 2000 : 40); count++) {
            state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
            bytes[section.offset + (state % section.size)] = seed % 2 === 0 ? 0xff : state >>> 24;
          }
          const elf = await openElfFile(bufferSource(bytes));
          if (elf) await askAll(openDebugInfo(elf, openLines(elf)), addresses);
        }
        const cut = await openElfFile(bufferSource(whole.subarray(0, section.offset + section.size / 2)));
        if (cut) await askAll(openDebugInfo(cut, openLines(cut)), addresses);
      }
    });

  it("leave a record without members where an entry of them is damaged, and that is said", async () => {
    const bytes = await readFile(join(await fixture("unwind/locals"), "c-O2"));
    const membersOfNode = async (damaged?: string[]): Promise<number> => {
      const elf = await openElfFile(bufferSource(bytes));
      assert.ok(elf);
      const info = openDebugInfo(elf, openLines(elf), (error) => damaged?.push((error as Error).message));
      const node = await info.type("node", 0x4017e9n);
      assert.ok(node?.kind === "record" && node.size === 88);
      return (await node.members()).length;
    };
    assert.equal(await membersOfNode(), 10);
    const section = (await openElfFile(bufferSource(bytes)))?.section(".debug_info");
    assert.ok(section);
    // The first member of `struct node`, as readelf tells its offset: the number of its abbreviation.
    assert.equal(bytes[section.offset + 0x624], 1);
    bytes[section.offset + 0x624] = 0x7f;
    const damaged: string[] = [];
    assert.equal(await membersOfNode(damaged), 0);
    assert.match(damaged.join(), /^The debug information of the program is damaged: .*abbreviation 127/);
  });
});
