import type { ContainerDetails } from "../engine/index.ts";
import { liveErrors } from "./errors.ts";
import { isLoopback, isWildcard } from "./inspect-flag.ts";
import type { InspectorBinding } from "./inspect-flag.ts";
import type { PathMapping } from "./source-map.ts";

/** Where a debugger may find the inspector, as seen from this machine. */
export interface InspectorAddress {
  readonly address: string;
  readonly port: number;
}

/**
 * Where a port of a container is reached from this machine, in the order in which it should be tried; at least one.
 * Pure: nothing is asked or opened. Throws `debug.notRunning`, `debug.noNetwork`, `debug.loopbackOnly`, … when no network
 * leads there.
 */
export function waysIn(
  container: ContainerDetails,
  host: string,
  binding: InspectorBinding,
): readonly InspectorAddress[] {
  if (container.state !== "running") throw liveErrors.notRunning(container.name);
  const { name, networkMode, ports, addresses } = container;
  const remote = !isLoopback(host);
  if (networkMode === "host") {
    if (remote && isLoopback(binding.host)) throw liveErrors.loopbackOnly(name, binding.port);
    const everywhere = isWildcard(binding.host) || isLoopback(binding.host);
    // ::1 stays itself: a process that listens there only doesn't hear 127.0.0.1.
    const address = binding.host === "::1" ? "::1" : everywhere ? host : binding.host;
    return [{ address, port: binding.port }];
  }
  if (networkMode === "none") throw liveErrors.noNetwork(name);
  if (/^(container|ns):/.test(networkMode)) throw liveErrors.sharedNetwork(name, networkMode);
  if (isLoopback(binding.host)) throw liveErrors.loopbackOnly(name, binding.port);
  const published = ports
    .filter(({ containerPort, protocol }) => containerPort === binding.port && protocol === "tcp")
    .map(({ hostAddress, hostPort }) => ({
      address: hostAddress === "" ? host : hostAddress,
      port: hostPort,
    }));
  // A container's own address is reached on the engine's machine only.
  const direct = remote ? [] : addresses.map((address) => ({ address, port: binding.port }));
  const ways = [...published, ...direct];
  if (ways.length === 0) throw liveErrors.unpublished(name, binding.port);
  return ways;
}

/** A launch configuration of VS Code's built-in JavaScript debugger. */
export interface NodeAttachConfiguration {
  readonly type: "node";
  readonly request: "attach";
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly continueOnAttach: true;
  readonly autoAttachChildProcesses: false;
  readonly attachExistingChildren: false;
  readonly skipFiles: readonly string[];
  readonly localRoot?: string;
  readonly remoteRoot?: string;
}

/** The configuration for an inspector that answered (`waitForInspector`). */
export function nodeAttachConfiguration(
  mapping: PathMapping | undefined,
  { address, port }: InspectorAddress,
  name: string,
): NodeAttachConfiguration {
  return {
    type: "node",
    request: "attach",
    name,
    address,
    port,
    // A process frozen in --inspect-brk would wait for ever.
    continueOnAttach: true,
    // Children would be made to load a file of the debugger's that isn't in the container.
    autoAttachChildProcesses: false,
    // The debugger would look on this machine for children of the pid that the process has in its container's
    // namespace: 1, say. It then attaches to every Node process there is, and those can't be frozen any more.
    attachExistingChildren: false,
    skipFiles: ["<node_internals>/**"],
    ...(mapping && { localRoot: mapping.localRoot, remoteRoot: mapping.remoteRoot }),
  };
}
