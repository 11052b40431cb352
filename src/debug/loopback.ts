import type { ContainerDetails } from "../engine/index.ts";
import { runInside } from "./inside.ts";
import type { Execs } from "./inside.ts";

/** With the tools that containers may have, and Python. SIOCGIFFLAGS, SIOCSIFFLAGS and IFF_UP are of netdevice(7). */
const PYTHON = `
import fcntl, socket, struct
with socket.socket() as any_socket:
    name, flags = struct.unpack("16sh", fcntl.ioctl(any_socket, 0x8913, struct.pack("16sh", b"lo", 0)))
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh", b"lo", flags | 1))
`;
const WAYS: readonly (readonly string[])[] = [
  ["ip", "link", "set", "lo", "up"],
  ["ifconfig", "lo", "up"],
  ["busybox", "ip", "link", "set", "lo", "up"],
  ["python3", "-c", PYTHON],
];

/**
 * Brings up the loopback of a container without a network. Podman restores such a one in a new network namespace and
 * leaves its loopback down (5.4.2), where it was up before; debug servers speak over it. Does what it can and says
 * nothing: what needs it will say that there is no answer.
 */
export async function raiseLoopback(engine: Execs, container: ContainerDetails): Promise<void> {
  if (container.networkMode !== "none") return;
  for (const way of WAYS) {
    const done = await runInside(engine, container, way, { privileged: true }).catch(() => undefined);
    if (done?.status === 0) return;
  }
}
