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

describe("activation", () => {
  it("takes well under half a second", async () => {
    const start = performance.now();
    await cryoscope().activate();
    // The goal is 50 ms; a busy machine is given ten times that.
    assert.ok(performance.now() - start < 500, `${performance.now() - start} ms`);
    assert.ok(cryoscope().isActive);
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
