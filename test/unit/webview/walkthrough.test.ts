// The walkthrough's steps lead to what is there: commands, views, pictures, and places in the sample checkpoint.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openNested } from "../../../src/archive/index.ts";
import { bufferSource } from "../../../src/bytes/index.ts";
import { openImage } from "../../../src/criu/index.ts";
import { ImageTree } from "../../../src/vscode/image-editor/tree.ts";

const PROJECT = fileURLToPath(new URL("../../..", import.meta.url));

interface Step {
  readonly id: string;
  readonly description: string;
  readonly completionEvents: readonly string[];
  readonly media: { readonly markdown?: string; readonly svg?: string; readonly altText?: string };
}

interface Contributes {
  readonly commands: readonly { readonly command: string }[];
  readonly views: Readonly<Record<string, readonly { readonly id: string }[]>>;
  readonly walkthroughs: readonly { readonly steps: readonly Step[] }[];
}

/** What the buttons of a step do: a command, and its arguments as VS Code reads them. */
function buttons({ description }: Step): { readonly command: string; readonly args: readonly unknown[] }[] {
  return [...description.matchAll(/\]\(command:([\w.]+)(?:\?([^)]*))?\)/g)].map(([, command = "", args]) => ({
    command,
    args: args === undefined ? [] : (JSON.parse(decodeURIComponent(args)) as unknown[]),
  }));
}

describe("the walkthrough", () => {
  let contributes: Contributes;
  let steps: readonly Step[];

  before(async () => {
    const text = await readFile(join(PROJECT, "package.json"), "utf8");
    ({ contributes } = JSON.parse(text) as { contributes: Contributes });
    steps = contributes.walkthroughs[0]?.steps ?? [];
  });

  it("has ten steps, each with a button and a picture or text of its own", () => {
    assert.equal(steps.length, 10);
    const media = steps.map(({ media: { markdown, svg } }) => markdown ?? svg ?? "");
    assert.equal(new Set(media).size, 10);
    for (const [at, step] of steps.entries()) {
      assert.ok(existsSync(join(PROJECT, media[at] ?? "")), media[at]);
      assert.ok(buttons(step).length > 0, step.id);
      if (step.media.svg !== undefined) assert.ok((step.media.altText ?? "").length > 20, step.id);
    }
  });

  it("leads to commands that are there, and notices by commands, views and contexts that are there", async () => {
    const folder = join(PROJECT, "src/vscode/walkthrough");
    const sources = await Promise.all(
      (await readdir(folder)).map((name) => readFile(join(folder, name), "utf8")),
    );
    const code = sources.join("\n");
    const views = Object.values(contributes.views).flatMap((list) => list.map(({ id }) => id));
    const commands = [
      ...contributes.commands.map(({ command }) => command),
      ...views.map((id) => `${id}.focus`),
    ];
    const isCommand = (name: string): boolean =>
      commands.includes(name) || code.includes(`command("${name}",`);
    for (const step of steps) {
      for (const { command } of buttons(step)) assert.ok(isCommand(command), `${step.id}: ${command}`);
      assert.ok(step.completionEvents.length > 0, step.id);
      for (const event of step.completionEvents) {
        const [kind, name = ""] = event.split(":");
        if (kind === "onCommand") assert.ok(isCommand(name), event);
        else if (kind === "onView") assert.ok(views.includes(name), event);
        else assert.ok(kind === "onContext" && code.includes(`"${name}"`), event);
      }
    }
  });

  it("shows fields and bytes that the sample checkpoint has", async () => {
    const bytes = await readFile(join(PROJECT, "media/sample/checkpoint.tar.gz"));
    const sample = await openNested(bufferSource(bytes), "checkpoint.tar.gz");
    let places = 0;
    for (const { command, args } of steps.flatMap(buttons)) {
      if (command !== "cryoscope.sample.show") continue;
      const [name, path = ""] = args as string[];
      const image = await openImage(name ?? "", await sample.open(`checkpoint/${name}`));
      assert.ok(image.entryCount > 0, name);
      if (path !== "") assert.equal((await new ImageTree(image).find(path))?.node.path, path, path);
      places++;
    }
    assert.ok(places >= 5);
    await sample.close();
  });
});
