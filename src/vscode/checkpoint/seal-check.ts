import * as vscode from "vscode";
import type { FileTree } from "../../archive/index.ts";
import type { SealedLayer } from "../../checkpoint/index.ts";
import { isCancelled } from "../../bytes/index.ts";
import { verifyLayer } from "../../seal/index.ts";
import type { LayerSeal, LayerVerdict } from "../../seal/index.ts";
import { fact } from "./facts/fact.ts";
import type { Fact } from "./facts/fact.ts";

interface SealedPart {
  readonly folder: string;
  readonly tree: FileTree;
  readonly seal: LayerSeal;
}

/**
 * Whether the sealed layers of a checkpoint are as they were dumped. Every byte has to be read for that, so it runs in
 * the background, once, and ends when the checkpoint is closed.
 */
export class SealCheck {
  readonly #parts: SealedPart[] = [];
  readonly #closing = new AbortController();
  #running: Promise<readonly Fact[]> | undefined;

  /** Finds keys by `sealFor`, and remembers what they opened. */
  watch(sealFor: (layer: SealedLayer) => Promise<LayerSeal>): (layer: SealedLayer) => Promise<LayerSeal> {
    return async (layer) => {
      const seal = await sealFor(layer);
      this.#parts.push({ folder: layer.folder, tree: layer.tree, seal });
      return seal;
    };
  }

  /** A line for each sealed layer. Starts the check when it hasn't begun. */
  verdict(): Promise<readonly Fact[]> {
    this.#running ??= this.#run();
    return this.#running;
  }

  /** Checks in the background and tells the person when something was changed. `name` is the checkpoint's. */
  async tell(name: string): Promise<void> {
    try {
      await vscode.window.withProgress(
        { location: vscode.ProgressLocation.Window, title: `Verifying the seal of ${name}` },
        () => this.verdict(),
      );
    } catch (error) {
      if (!isCancelled(error)) throw error;
      return;
    }
    const broken = (await this.verdict()).filter(({ value }) => value.startsWith("broken"));
    if (broken.length > 0)
      void vscode.window.showWarningMessage(
        `${name} is not as it was sealed: see Seal in the Checkpoint view.`,
      );
  }

  close(): void {
    this.#closing.abort();
  }

  async #run(): Promise<readonly Fact[]> {
    const facts: Fact[] = [];
    for (const { tree, folder, seal } of this.#parts) {
      const verdict = await verifyLayer(tree, folder, seal, { signal: this.#closing.signal });
      const state = stateOf(verdict);
      const line = fact(folder === "" ? tree.name : folder, WORDS[state], details(verdict));
      facts.push({ ...line, icon: ICONS[state] });
    }
    return facts;
  }
}

type SealVerdict = LayerVerdict["pages"]["state"];

const WORDS: Readonly<Record<SealVerdict, string>> = {
  verified: "verified",
  notVerifiable: "not verifiable",
  broken: "broken: not as it was dumped",
};

const ICONS: Readonly<Record<SealVerdict, NonNullable<Fact["icon"]>>> = {
  verified: { name: "verified", color: "testing.iconPassed" },
  notVerifiable: { name: "question", color: "list.warningForeground" },
  broken: { name: "error", color: "list.errorForeground" },
};

/** One record that was changed is enough. */
function stateOf({ broken, pages }: LayerVerdict): SealVerdict {
  return broken.length > 0 ? "broken" : pages.state;
}

function details({ records, broken, pages }: LayerVerdict): readonly Fact[] {
  const uncovered = pages.state === "verified" ? pages.uncovered : 0;
  return [
    fact("Authentic records", String(records)),
    ...(pages.state === "verified" ? [fact("Authentic pages", String(pages.pages))] : []),
    ...(uncovered > 0 ? [fact("Pages that the digest doesn't cover", String(uncovered))] : []),
    ...(pages.state === "notVerifiable" ? [fact("Pages", pages.why)] : []),
    ...(pages.state === "broken" ? [fact("Pages", "their digest is another one")] : []),
    ...broken.map(({ file, entry, offset, why }) =>
      fact(
        [file, entry === undefined ? "" : `entry ${entry}`].filter((each) => each !== "").join(", "),
        offset === undefined ? why : `byte ${offset}: ${why}`,
      ),
    ),
  ];
}
