// Java: a JDWP agent that listens already, and the editor's Java debugger.
import { liveErrors } from "../errors.ts";
import { waysIn } from "../live-plan.ts";
import { programName } from "../programs.ts";
import { sessionName } from "./runtime.ts";
import type { Runtime } from "./runtime.ts";

export const java: Runtime = {
  id: "java",
  label: "Java",
  needs: "The JVM started with -agentlib:jdwp=…, and the editor's Java debugger.",
  recognises: (program) => programName(program) === "java",
  async attach(target) {
    const { container, engine, here, program } = target;
    const given = jdwpAddress([...container.argv, ...program.argv, ...container.environment]);
    const binding = target.port === undefined ? given : { host: given?.host ?? "0.0.0.0", port: target.port };
    if (binding === undefined) throw liveErrors.noJdwp(container.name);
    if (!here.types.has("java"))
      throw liveErrors.noExtension("Debugger for Java", "vscjava.vscode-java-debug");
    const [way] = waysIn(container, engine.host, binding);
    if (way === undefined) throw liveErrors.unpublished(container.name, binding.port);
    return Promise.resolve({
      configuration: {
        type: "java",
        request: "attach",
        name: sessionName(target),
        hostName: way.address,
        port: way.port,
      },
    });
  },
};

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
