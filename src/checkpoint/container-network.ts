import type { Json } from "./sidecar.ts";
import { at, isObject, text } from "./sidecar.ts";

/** A network of the engine that the container was in. */
export interface ContainerNetwork {
  readonly name: string;
  readonly interfaces: readonly ContainerInterface[];
}

export interface ContainerInterface {
  readonly name: string;
  /** With prefix length: `10.88.0.2/16`. */
  readonly address: string | undefined;
  readonly gateway: string | undefined;
  readonly mac: string | undefined;
}

const objects = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.filter(isObject) : []);

/** Podman's network.status: networks, in each interfaces, in each subnets. */
export function networksOfStatus(status: Json | undefined): readonly ContainerNetwork[] {
  return Object.entries(status ?? {}).flatMap(([name, network]) => {
    const interfaces = at(network, "interfaces");
    return isObject(interfaces)
      ? [
          {
            name,
            interfaces: Object.entries(interfaces).flatMap(([device, value]) => addresses(device, value)),
          },
        ]
      : [];
  });
}

function addresses(name: string, value: unknown): readonly ContainerInterface[] {
  const mac = text(at(value, "mac_address"));
  const subnets = objects(at(value, "subnets"));
  if (subnets.length === 0) return [{ name, address: undefined, gateway: undefined, mac }];
  return subnets.map((subnet) => ({
    name,
    address: text(subnet["ipnet"]),
    gateway: text(subnet["gateway"]),
    mac,
  }));
}

/** Docker's own record: `NetworkSettings.Networks`. */
export function networksOfDocker(docker: Json | undefined): readonly ContainerNetwork[] {
  const networks = at(docker, "NetworkSettings", "Networks");
  if (!isObject(networks)) return [];
  return Object.entries(networks).map(([name, value]) => {
    const address = text(at(value, "IPAddress"));
    const length = at(value, "IPPrefixLen");
    return {
      name,
      interfaces: [
        {
          name: "eth0",
          address: address && (typeof length === "number" ? `${address}/${length}` : address),
          gateway: text(at(value, "Gateway")),
          mac: text(at(value, "MacAddress")),
        },
      ],
    };
  });
}
