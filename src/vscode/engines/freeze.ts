import * as vscode from "vscode";
import type {
  CheckpointResult,
  CheckpointSwitch,
  CheckpointSwitches,
  Container,
  ContainerDetails,
  Engine,
  PreflightRow,
  Snapshot,
} from "../../engine/index.ts";
import { progressWords, signalOf } from "../messages.ts";
import { recordFacts } from "../snapshots/index.ts";
import type { Catalog } from "../snapshots/index.ts";
import {
  assertCanSeal,
  canSeal,
  recipientsInSettings,
  recipientsOf,
  sealFrozen,
  wordsInSettings,
} from "./seal.ts";

export interface FreezeChoice extends CheckpointSwitches {
  readonly name: string;
  readonly note?: string;
  /** A reference: makes a container image, where the engine can. */
  readonly containerImage?: string;
  /** Only memory, for the next one to build on, where the engine can. */
  readonly preCheckpoint?: boolean;
  /** Recipients it is sealed for, instead of those in the settings; an empty list: not sealed. */
  readonly sealFor?: readonly string[];
}

/**
 * Checkpoints a container and puts the snapshot into the catalog; shows progress and can be cancelled while it waits.
 * Throws what the engine throws; then nothing is in the catalog.
 */
export async function freeze(
  engine: Engine,
  container: Container,
  choice: FreezeChoice,
  catalog: Catalog,
): Promise<CheckpointResult> {
  return vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: `Freezing ${container.name}`,
      cancellable: true,
    },
    async (progress, token) =>
      freezeQuietly(engine, container, choice, catalog, {
        signal: signalOf(token),
        onProgress: (now) => {
          progress.report({ message: progressWords(now) });
        },
      }),
  );
}

/** The same without a notification, for freezing again and again. */
export async function freezeQuietly(
  engine: Engine,
  container: Container,
  choice: FreezeChoice,
  catalog: Catalog,
  work: Parameters<Engine["checkpoint"]>[2] = {},
): Promise<CheckpointResult> {
  const { sealFor, ...options } = choice;
  // Before anything is frozen: a wrong recipient must not leave it plain.
  const recipients = sealFor === undefined ? await recipientsInSettings() : await recipientsOf(sealFor);
  if (recipients !== undefined) assertCanSeal(engine, choice);
  const previous = await previousStep(engine, container, catalog);
  const place = await placeFor(engine, choice, catalog);
  const frozen = await engine.checkpoint(container.id, { ...options, ...place, ...previous }, work);
  // In the catalog before it is sealed: what can't be sealed is not lost.
  if (recipients !== undefined) await catalog.add(frozen.snapshot);
  const result =
    recipients === undefined
      ? frozen
      : await sealFrozen(engine, frozen, recipients, catalog, (note) => {
          void vscode.window.showWarningMessage(`${frozen.snapshot.name}: ${note}`);
        }).catch(async (error: unknown) => {
          // That it is plain is then seen in the catalog.
          await recordFacts(catalog, frozen.snapshot).catch(() => undefined);
          throw error;
        });
  const snapshot = await catalog.add(result.snapshot);
  // In the background: hashing gigabytes takes its time, and the work is done.
  void recordFacts(catalog, snapshot).catch(() => undefined);
  return { ...result, snapshot };
}

/** The pre-checkpoint that the container was last frozen as, which the next one builds on. */
async function previousStep(
  { capabilities, endpoint }: Engine,
  { id }: Container,
  catalog: Catalog,
): Promise<{ readonly previous?: Snapshot }> {
  const last = capabilities.preCheckpoints ? await catalog.head(endpoint, id) : undefined;
  return last?.pre === true ? { previous: last } : {};
}

async function placeFor(
  { capabilities }: Engine,
  { name, containerImage }: FreezeChoice,
  catalog: Catalog,
): Promise<{ readonly archive?: string; readonly folder?: string }> {
  if (containerImage !== undefined) return {};
  if (capabilities.archives) return { archive: await catalog.archivePath(name) };
  return capabilities.folders ? { folder: await catalog.folderPath(name) } : {};
}

/** What stands in the way, from the live container and from what is known of the engine. */
export async function obstaclesOf(
  engine: Engine,
  details: ContainerDetails,
  catalog: Catalog,
): Promise<readonly PreflightRow[]> {
  const { preflight } = await import("../../engine/index.ts");
  const target = await catalog.folderPath("probe");
  const rows = await preflight(engine, details.id, { target }).catch(() => []);
  const warnings = details.warnings.map((warning) => ({ ...warning, title: "", outcome: "warns" }) as const);
  return [...warnings, ...rows.filter(({ outcome }) => outcome === "stops" || outcome === "warns")];
}

export type Decision =
  /** With these switches set, which take obstacles away. */
  | { readonly goOn: true; readonly switches: readonly CheckpointSwitch[]; readonly detach: boolean }
  /** Or the obstacles are to be looked for again. */
  | { readonly goOn: false; readonly again: boolean };

const ANYWAY = "Freeze Anyway";
const WITH = "Freeze with These";
const DETACH = "Detach, Freeze, Attach Again";
const AGAIN = "Look Again";

/** Tells what will go wrong and what to do; what the user decides. Asks nothing where nothing is in the way. */
export async function decide(
  { name }: Container,
  obstacles: readonly PreflightRow[],
  canDetach: boolean,
): Promise<Decision> {
  if (obstacles.length === 0) return { goOn: true, switches: [], detach: false };
  const rows = obstacles.flatMap((row) => (row.outcome === "fine" ? [] : [row]));
  const switches = rows.flatMap((row) => (row.switch ? [row.switch] : []));
  const traced = canDetach && rows.some(({ code }) => code === "traced");
  const refuses = rows.some(
    (row) => row.outcome === "stops" && !row.switch && !(traced && row.code === "traced"),
  );
  // The first has the focus: what takes obstacles away, else what changes nothing.
  const buttons = [
    ...(traced ? [DETACH] : []),
    ...(switches.length > 0 ? [WITH] : []),
    ...(refuses || (switches.length === 0 && !traced) ? [AGAIN] : []),
    ANYWAY,
  ];
  const words = rows.map(({ sentence, next }) => `${sentence} ${next}`);
  const answer = await vscode.window.showWarningMessage(
    refuses ? `CRIU will refuse to freeze ${name} as it is.` : `Freeze ${name}?`,
    { modal: true, detail: words.join("\n\n") },
    ...buttons,
  );
  if (answer === undefined || answer === AGAIN) return { goOn: false, again: answer === AGAIN };
  return { goOn: true, switches: answer === ANYWAY ? [] : switches, detach: answer === DETACH };
}

/** Asks for a name, what becomes of the container, and the engine's switches; undefined when the user turns away. */
export async function askHowToFreeze(
  engine: Engine,
  container: Container,
  preset: readonly CheckpointSwitch[],
): Promise<FreezeChoice | undefined> {
  const name = await vscode.window.showInputBox({
    title: `Freeze ${container.name}`,
    prompt: "Name of the snapshot",
    ignoreFocusOut: true,
    value: proposedName(container.name, new Date()),
    validateInput: (text) =>
      /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(text)
        ? undefined
        : "Letters, digits, _ . - ; at least two, the first no sign.",
  });
  if (name === undefined) return undefined;
  const { checkpointOptions } = engine.capabilities;
  if (!checkpointOptions.includes("leaveRunning")) return { name };
  const pick = await vscode.window.showQuickPick(
    [
      { label: "$(debug-continue) Leave it running", description: "freeze, copy, go on", leaveRunning: true },
      {
        label: "$(debug-stop) Stop it",
        description: "the container exits when it is frozen",
        leaveRunning: false,
      },
      ...(engine.capabilities.preCheckpoints && wordsInSettings().length === 0
        ? [
            {
              label: "$(debug-step-over) Only its memory, as a first step",
              description: "it runs on; the next freeze writes what changed since",
              leaveRunning: true,
              preCheckpoint: true,
            },
          ]
        : []),
    ],
    { title: `Freeze ${container.name}`, placeHolder: "What becomes of the container?" },
  );
  if (!pick) return undefined;
  const step = "preCheckpoint" in pick ? { preCheckpoint: true } : {};
  return { name, leaveRunning: pick.leaveRunning, ...step, ...on(preset) };
}

const SWITCH_WORDS: readonly { readonly name: CheckpointSwitch; readonly label: string }[] = [
  { name: "tcpEstablished", label: "Keep TCP connections" },
  { name: "fileLocks", label: "Keep file locks" },
  { name: "externalUnix", label: "Cut Unix sockets to outside" },
  { name: "shellJob", label: "It is a shell's job" },
  { name: "ignoreRootFs", label: "Leave out the files it changed" },
  { name: "keep", label: "Keep CRIU's own files in the container" },
  { name: "wholePod", label: "Its whole pod, so that the cluster can restore it" },
];

/** Asks for the engine's switches, and for a container image where it can make one. */
export async function askForSwitches(
  engine: Engine,
  choice: FreezeChoice,
): Promise<FreezeChoice | undefined> {
  const { checkpointOptions, containerImages } = engine.capabilities;
  const offered = SWITCH_WORDS.filter(({ name }) => checkpointOptions.includes(name));
  const words = wordsInSettings();
  const more = [
    ...(containerImages && choice.preCheckpoint !== true ? [AS_IMAGE] : []),
    ...(canSeal(engine) && choice.preCheckpoint !== true ? [SEALED] : []),
  ];
  if (offered.length + more.length === 0) return choice;
  const picked = await vscode.window.showQuickPick(
    [
      ...offered.map((one) => ({ ...one, picked: choice[one.name] === true })),
      ...more.map((one) => ({ ...one, picked: one === SEALED && words.length > 0 })),
    ],
    { title: `Freeze ${choice.name}`, placeHolder: "With what?", canPickMany: true },
  );
  if (!picked) return undefined;
  const switches = picked.flatMap(({ name }) =>
    name === "containerImage" || name === "sealFor" ? [] : [name],
  );
  const sealFor = picked.some(({ name }) => name === "sealFor") ? await askForRecipients(words) : [];
  if (sealFor === undefined) return undefined;
  const wantsImage = picked.some(({ name }) => name === "containerImage");
  const containerImage = wantsImage
    ? await vscode.window.showInputBox({
        title: `Freeze ${choice.name} as a Container Image`,
        prompt: "Name and tag of the image",
        ignoreFocusOut: true,
        value: `localhost/${choice.name.toLowerCase()}:frozen`,
      })
    : undefined;
  if (wantsImage && containerImage === undefined) return undefined;
  return { ...choice, ...on(switches), sealFor, ...(containerImage !== undefined && { containerImage }) };
}

const AS_IMAGE = { name: "containerImage", label: "As a container image…" } as const;
const SEALED = {
  name: "sealFor",
  label: "Seal it at once…",
  description: "what is plain is deleted; it can't be restored without being unsealed",
} as const;

/** The recipients, separated by blanks unless they are paths of files; those of the settings to begin with. */
async function askForRecipients(words: readonly string[]): Promise<readonly string[] | undefined> {
  const answer = await vscode.window.showInputBox({
    title: "Seal for",
    ignoreFocusOut: true,
    prompt: "Recipients of age (age1…), separated by blanks, or the path of an RSA certificate",
    value: words.join(" "),
    validateInput: (text) => (text.trim() === "" ? "It needs a recipient." : undefined),
  });
  if (answer === undefined) return undefined;
  const text = answer.trim();
  return text.startsWith("age1") ? text.split(/\s+/) : [text];
}

function on(switches: readonly CheckpointSwitch[]): CheckpointSwitches {
  return Object.fromEntries(switches.map((name) => [name, true]));
}

/** `web-0412-153059`: short, sorts by time within a year, valid as a checkpoint id everywhere. */
export function proposedName(container: string, now: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const stamp = `${two(now.getMonth() + 1)}${two(now.getDate())}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
  const name = container.replace(/[^a-zA-Z0-9_.-]/g, "-").replace(/^[^a-zA-Z0-9]+/, "");
  return `${name === "" ? "snapshot" : name.slice(0, 100)}-${stamp}`;
}
