// namespaces: what the images of namespaces say, one file a kind.
export type {
  IpcNamespace,
  IpcObject,
  MessageQueue,
  QueuedMessage,
  SemaphoreSet,
  SharedMemory,
} from "./ipc.ts";
export type { IdRange, Namespace, NamespaceFacts } from "./namespaces.ts";
export type { NetworkAddress } from "./network/addresses.ts";
export type { TrackedConnection, TrackedDirection } from "./network/conntrack.ts";
export type { NetworkDevice, TunDevice } from "./network/devices.ts";
export type { PacketFilter } from "./network/filters.ts";
export type { Route } from "./network/routes.ts";
export type { NetworkSetting } from "./network/settings.ts";
export type { RoutingRule } from "./network/rules.ts";
export type { Network } from "./network.ts";
