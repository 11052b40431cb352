// A container image made here of a checkpoint, without buildah: real Podman takes it and wakes the container from it.
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { COMMANDS } from "../../src/cli/commands.ts";
import { runCli } from "../../src/cli/run.ts";
import type { Engine } from "../../src/engine/index.ts";
import {
  connectLab,
  counted,
  countedAtLeast,
  frozenProcesses,
  removeContainer,
  removeImage,
  startContainer,
} from "./engine-helpers.ts";
import { labOutput, sharedFolder } from "./engine-machine.ts";

const NAME = "cryoscope-to-image";
const COPY = "cryoscope-from-image";
const REFERENCE = "localhost/cryoscope-test:written";

describe("a container image of a checkpoint, in the lab", () => {
  let podman: Engine;
  let folder: string;

  before(async () => {
    podman = await connectLab("podman");
  });
  beforeEach(async () => {
    folder = await sharedFolder();
  });
  afterEach(async () => {
    await removeContainer("podman", NAME);
    await removeContainer("podman", COPY);
    await removeImage(REFERENCE).catch(() => undefined);
    await rm(folder, { recursive: true });
  });

  /** What Cryoscope's own command line makes of an archive. */
  async function makeImage(archive: string): Promise<string> {
    const image = join(folder, "image.oci.tar");
    const said: string[] = [];
    const code = await runCli(COMMANDS, ["container-image", archive, "-o", image, "--reference", REFERENCE], {
      toTerminal: false,
      write: (text) => Promise.resolve(void said.push(String(text))),
      message: (text) => said.push(text),
    });
    assert.equal(code, 0, said.join("\n"));
    return image;
  }
  async function load(image: string): Promise<void> {
    assert.match(await labOutput("podman", "load", "--input", image), /localhost\/cryoscope-test:written/);
  }

  it("is loaded by Podman under its name, with its annotations, and wakes where it was frozen", async () => {
    await startContainer(podman, "podman", NAME);
    const last = await countedAtLeast("podman", NAME, 4);
    const archive = join(folder, "frozen.tar");
    const { snapshot } = await podman.checkpoint(NAME, { name: "frozen", archive });
    await load(await makeImage(archive));
    const [inspected] = JSON.parse(await labOutput("podman", "image", "inspect", REFERENCE)) as [
      { readonly Annotations: Readonly<Record<string, string>> },
    ];
    assert.equal(inspected.Annotations["io.podman.annotations.checkpoint.name"], NAME);
    assert.equal(inspected.Annotations["io.kubernetes.cri-o.annotations.checkpoint.name"], NAME);
    const image = { ...snapshot, checkpoint: { kind: "image", reference: REFERENCE } } as const;
    await podman.restore(image, { name: COPY });
    await countedAtLeast("podman", COPY, 3);
    const after = await counted("podman", COPY);
    assert.ok((after.at(-1) ?? 0) > last, `${after.at(-1)} after ${last}`);
  });

  it("stays openable through copies between the formats in which images are kept", async () => {
    await startContainer(podman, "podman", NAME);
    await countedAtLeast("podman", NAME, 3);
    const archive = join(folder, "frozen.tar");
    await podman.checkpoint(NAME, { name: "frozen", archive });
    const made = await makeImage(archive);
    await load(made);
    // skopeo where the lab has it, else the same library by Podman.
    const skopeo = await labOutput("sh", "-c", "command -v skopeo || true");
    const copies = {
      layout: `oci:${join(folder, "layout")}:written`,
      "oci.tar": `oci-archive:${join(folder, "oci.tar")}:written`,
      // Names no other than its own tag, and keeps no annotations.
      "docker.tar": `docker-archive:${join(folder, "docker.tar")}:${REFERENCE}`,
    };
    for (const [name, to] of Object.entries(copies)) {
      if (skopeo === "") await labOutput("podman", "push", "--quiet", REFERENCE, to);
      else await labOutput("skopeo", "--insecure-policy", "copy", `oci-archive:${made}`, to);
      assert.ok((await frozenProcesses(join(folder, name))).includes("sh"), name);
    }
    if (skopeo === "") return;
    // There and back.
    for (const from of ["layout:written", "docker.tar"]) {
      const kind = from === "docker.tar" ? "docker-archive" : "oci";
      const back = join(folder, `back-${kind}.tar`);
      await labOutput(
        "skopeo",
        "--insecure-policy",
        "copy",
        `${kind}:${join(folder, from)}`,
        `oci-archive:${back}`,
      );
      assert.ok((await frozenProcesses(back)).includes("sh"), from);
    }
  });

  it("is made as well of the packed archive that podman's command line writes", async () => {
    await startContainer(podman, "podman", NAME);
    await countedAtLeast("podman", NAME, 3);
    const archive = join(folder, "packed.tar.zst");
    await labOutput("podman", "container", "checkpoint", "--export", archive, "--compress", "zstd", NAME);
    await load(await makeImage(archive));
    await labOutput("podman", "container", "restore", "--name", COPY, REFERENCE);
    await countedAtLeast("podman", COPY, 3);
  });
});
