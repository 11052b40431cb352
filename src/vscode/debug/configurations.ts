// Configurations of the `cryoscope` debug type: those of launch.json made whole, and those that need no file.
import * as vscode from "vscode";
import type { Catalog } from "../snapshots/index.ts";
import { localTime } from "../snapshots/index.ts";
import { isPostmortem, resolveFrozen } from "./frozen.ts";

/** As many snapshots are offered where no file says which. */
const MOST = 20;

export function registerConfigurations(catalog: Catalog): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.debug.registerDebugConfigurationProvider("cryoscope", {
      // F5 without a launch.json gives an empty configuration: ask for the snapshot then.
      resolveDebugConfiguration: async (folder, configuration) => {
        const type = configuration.type || "cryoscope";
        if (isPostmortem(configuration)) return resolveFrozen({ ...configuration, type }, folder);
        const snapshot: unknown = configuration["snapshot"];
        const names = [snapshot, configuration.request === "attach" && configuration["container"]];
        if (names.some((name) => typeof name === "string" && name !== "")) return { ...configuration, type };
        const asked = await askForSnapshot(catalog);
        if (asked === undefined) return undefined;
        const name = configuration.name || `Wake ${asked.label}`;
        return { ...configuration, type, request: "launch", name, snapshot: asked.id };
      },
    }),
    // The list behind "Select and Start Debugging".
    vscode.debug.registerDebugConfigurationProvider(
      "cryoscope",
      {
        provideDebugConfigurations: async () =>
          (await catalog.list()).slice(0, MOST).map(({ id, name }) => ({
            ...{ type: "cryoscope", request: "launch", name: `Wake ${name}`, snapshot: id },
          })),
      },
      vscode.DebugConfigurationProviderTriggerKind.Dynamic,
    ),
  );
}

/** What a snapshot is asked for, in the words of the command. */
interface Asking {
  readonly title: string;
  readonly none: string;
}

const WAKING: Asking = { title: "Wake and Debug", none: "There is no snapshot to wake yet." };

/** Which snapshot, to wake or for another command; undefined when the user turns away, or there is none. */
export async function askForSnapshot(
  catalog: Catalog,
  { title, none }: Asking = WAKING,
): Promise<{ readonly label: string; readonly id: string } | undefined> {
  const all = await catalog.list();
  if (all.length === 0) {
    const freeze = "Freeze a Container…";
    const answer = await vscode.window.showInformationMessage(none, freeze);
    if (answer === freeze) await vscode.commands.executeCommand("cryoscope.checkpointContainer");
    return undefined;
  }
  return vscode.window.showQuickPick(
    all.map((snapshot) => ({
      label: snapshot.name,
      description: snapshot.container.name,
      detail: localTime(snapshot),
      id: snapshot.id,
    })),
    { title, placeHolder: "Which snapshot?", matchOnDescription: true },
  );
}
