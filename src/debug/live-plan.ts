import type { ContainerDetails, Engine } from "../engine/index.ts";
import { liveErrors } from "./errors.ts";
import { inspectorBinding, isLoopback, isWildcard } from "./inspect-flag.ts";
import type { InspectorBinding } from "./inspect-flag.ts";

/** Where a debugger may find the inspector, as seen from this machine. */
export interface InspectorAddress {
  readonly address: string;
  readonly port: number;
}

/** How a debugger gets at a Node process in a container. */
export interface NodePlan {
  readonly container: string;
  /** In the order in which they should be tried; at least one. */
  readonly addresses: readonly InspectorAddress[];
  /** The same files here and in the container, where a bind mount says so. */
  readonly localRoot: string | undefined;
  readonly remoteRoot: string | undefined;
}

/**
 * Plans an attach to Node in a running container. Pure: nothing is asked or opened. Throws `debug.notRunning`,
 * `debug.noInspector`, `debug.noNetwork`, `debug.loopbackOnly`, … when there is no way in.
 */
export function planNodeAttach(container: ContainerDetails, engine: Pick<Engine, "host">): NodePlan {
  if (container.state !== "running") throw liveErrors.notRunning(container.name);
  const binding = inspectorBinding(container.argv, container.environment);
  if (binding === undefined) throw liveErrors.noInspector(container.name);
  if (binding.port === 0) throw liveErrors.randomPort(container.name);
  return {
    container: container.name,
    addresses: waysIn(container, engine.host, binding),
    ...roots(container),
  };
}

function waysIn(
  container: ContainerDetails,
  host: string,
  binding: InspectorBinding,
): readonly InspectorAddress[] {
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

/** The bind mount that holds the working directory; else the only one there is; volumes have no path of their own. */
function roots({ mounts, workingDirectory }: ContainerDetails): Pick<NodePlan, "localRoot" | "remoteRoot"> {
  const binds = mounts.filter(({ source }) => /^(\/|[a-z]:[\\/])/i.test(source));
  const holds = binds
    .filter(({ destination }) => `${workingDirectory}/`.startsWith(`${destination.replace(/\/$/, "")}/`))
    .sort((a, b) => b.destination.length - a.destination.length)[0];
  const chosen = holds ?? (binds.length === 1 ? binds[0] : undefined);
  return { localRoot: chosen?.source, remoteRoot: chosen?.destination };
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
  plan: NodePlan,
  { address, port }: InspectorAddress,
  name = `Restored: ${plan.container}`,
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
    ...(plan.localRoot !== undefined && { localRoot: plan.localRoot }),
    ...(plan.remoteRoot !== undefined && { remoteRoot: plan.remoteRoot }),
  };
}
