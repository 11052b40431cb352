import assert from "node:assert/strict";
import { commands, extensions } from "vscode";
import type { Extension } from "vscode";

interface Manifest {
  readonly contributes?: {
    readonly commands?: readonly { readonly command: string }[];
    readonly views?: Readonly<Record<string, readonly { readonly id: string }[]>>;
  };
}

function cryoscope(): Extension<unknown> {
  const found = extensions.getExtension("cryoscope.cryoscope");
  assert(found, "VS Code doesn't know the extension");
  return found;
}

/** Milliseconds between VS Code's own marks around a phase of our activation, without what others did meanwhile. */
function between(phase: string): number {
  // VS Code keeps its marks in this global; it is in no type declaration.
  const { MonacoPerformanceMarks: kept } = globalThis as {
    MonacoPerformanceMarks?: { getMarks(): readonly Mark[] };
  };
  assert(kept, "VS Code keeps its marks somewhere else");
  const time = (when: string) =>
    kept.getMarks().find(({ name }) => name === `code/extHost/${when}${phase}/cryoscope.cryoscope`)
      ?.startTime ?? NaN;
  return time("did") - time("will");
}

interface Mark {
  readonly name: string;
  readonly startTime: number;
}

describe("activation", () => {
  it("takes well under half a second", async () => {
    await cryoscope().activate();
    assert.ok(cryoscope().isActive);
    const took = between("LoadExtensionCode") + between("ActivateExtension");
    // The goal is 50 ms; a busy machine is given ten times that.
    assert.ok(took < 500, `${took} ms`);
  });

  it("registers every command that package.json contributes", async () => {
    await cryoscope().activate();
    const registered = new Set(await commands.getCommands(true));
    const { contributes } = cryoscope().packageJSON as Manifest;
    const missing = (contributes?.commands ?? []).filter(({ command }) => !registered.has(command));
    assert.deepEqual(missing, []);
  });

  it("brings every view that package.json contributes to life", async () => {
    const { contributes } = cryoscope().packageJSON as Manifest;
    for (const { id } of Object.values(contributes?.views ?? {}).flat())
      // VS Code makes this command for each view it has taken up.
      await commands.executeCommand(`${id}.focus`);
  });
});
