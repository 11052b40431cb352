// The checkpoint that comes with the extension, open in the editor that the tests run in.
import assert from "node:assert/strict";
import { commands, extensions } from "vscode";
import type { TestApi } from "../../src/vscode/extension.ts";

export type OpenedCheckpoint = TestApi["checkpoint"]["openCheckpoints"][number];

/** Activates the extension and opens the sample, unless it is open. */
export async function openSample(): Promise<{ readonly api: TestApi; readonly sample: OpenedCheckpoint }> {
  const extension = extensions.getExtension<TestApi>("cryoscope.cryoscope");
  assert.ok(extension);
  const api = await extension.activate();
  await commands.executeCommand("cryoscope.openSample");
  const sample = api.checkpoint.openCheckpoints.find(
    ({ checkpoint }) => checkpoint?.container.name === "sample",
  );
  assert.ok(sample);
  return { api, sample };
}
