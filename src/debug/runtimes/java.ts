// Java: a JDWP agent that listens already, and the editor's Java debugger.
import { liveErrors } from "../errors.ts";
import { isLoopback, isWildcard } from "../inspect-flag.ts";
import type { InspectorBinding } from "../inspect-flag.ts";
import { runInside, startInside } from "../inside.ts";
import { waysIn } from "../live-plan.ts";
import type { InspectorAddress } from "../live-plan.ts";
import { raiseLoopback } from "../loopback.ts";
import { programName } from "../programs.ts";
import { openRelay } from "../relay.ts";
import { sessionName } from "./runtime.ts";
import type { Runtime, Target } from "./runtime.ts";

export const java: Runtime = {
  id: "java",
  label: "Java",
  needs: "The JVM started with -agentlib:jdwp=…, and the editor's Java debugger.",
  recognises: (program) => programName(program) === "java",
  async attach(target) {
    const { container, here, program } = target;
    const given = jdwpAddress([...container.argv, ...program.argv, ...container.environment]);
    const binding = target.port === undefined ? given : { host: given?.host ?? "0.0.0.0", port: target.port };
    if (binding === undefined) throw liveErrors.noJdwp(container.name);
    if (!here.types.has("java"))
      throw liveErrors.noExtension("Debugger for Java", "vscjava.vscode-java-debug");
    const { address, port } = await reach(target, binding);
    return {
      configuration: {
        type: "java",
        request: "attach",
        name: sessionName(target),
        hostName: address,
        port,
        sourcePaths: target.mappings.map(({ localRoot }) => localRoot),
      },
    };
  },
};

/** By the container's network; where none leads there, by a program in the container that carries the bytes. */
async function reach(target: Target, binding: InspectorBinding): Promise<InspectorAddress> {
  const { container, engine, own, log } = target;
  let refused: unknown;
  try {
    const [way] = waysIn(container, engine.host, binding);
    if (way !== undefined) return way;
  } catch (error) {
    refused = error;
  }
  const { host, port } = binding;
  const words = [isLoopback(host) || isWildcard(host) ? "127.0.0.1" : host, `${port}`];
  for (const { has, relay } of engine.exec === undefined ? [] : CARRIERS) {
    const asked = await runInside(engine, container, has).catch(() => undefined);
    if (asked?.status !== 0) continue;
    await raiseLoopback(engine, container);
    const opened = await openRelay(() => startInside(engine, container, [...relay, ...words]), {
      onMessage: log,
    });
    await own.own("relay to the JVM", () => opened.close());
    return opened;
  }
  throw refused ?? liveErrors.unpublished(container.name, port);
}

/** What containers with a JVM may have that connects its input and output to a port; host and port are its last words. */
const CARRIERS: readonly { readonly has: readonly string[]; readonly relay: readonly string[] }[] = [
  {
    has: ["bash", "-c", "command -v cat"],
    relay: ["bash", "-c", 'exec 3<>"/dev/tcp/$0/$1" && { cat <&3 & cat >&3; kill $!; }'],
  },
  { has: ["sh", "-c", "command -v nc"], relay: ["nc"] },
  { has: ["busybox", "nc", "--help"], relay: ["busybox", "nc"] },
];

/**
 * Where the JVM's debug agent listens, by `-agentlib:jdwp=…,server=y,address=…` in arguments or JAVA_TOOL_OPTIONS. A
 * bare port is the loopback from Java 9 on; `*` is every address.
 */
export function jdwpAddress(
  words: readonly string[],
): { readonly host: string; readonly port: number } | undefined {
  for (const word of words.flatMap((one) => one.split(/\s+/))) {
    const options = /(?:-agentlib:jdwp=|-Xrunjdwp:)(\S+)/.exec(word)?.[1]?.split(",") ?? [];
    const address = options.find((one) => one.startsWith("address="))?.slice("address=".length);
    const match = /^(?:(.*):)?(\d{1,5})$/.exec(address ?? "");
    if (!options.includes("server=y") || match === null) continue;
    const host = match[1] === "*" ? "0.0.0.0" : (match[1] ?? "127.0.0.1");
    return { host, port: Number(match[2]) };
  }
  return undefined;
}
