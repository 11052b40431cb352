// What a restore of an archive will run, for a person to agree to: read from the configuration that came with it.
import { at, list, text, texts } from "./json.ts";

/** What the container's configuration says. Everything in it is the archive's word. */
export interface WhatRuns {
  readonly command: string;
  /** `0:0`, `1000:1000`. */
  readonly user: string;
  /** Each a sentence without its full stop: what it may do beyond a plain container. */
  readonly privileges: readonly string[];
  /** `source → destination` of what of the machine it sees. */
  readonly mounts: readonly string[];
  /** `own`, `the machine's`, `another container's`. */
  readonly network: string;
}

/** What a container may anyway (Docker's and Podman's default set). */
const DEFAULT_CAPABILITIES = new Set(
  (
    "AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE NET_RAW SETFCAP SETGID SETPCAP SETUID " +
    "SYS_CHROOT"
  )
    .split(" ")
    .map((name) => `CAP_${name}`),
);

/** Reads an OCI runtime configuration (`spec.dump`, `config.json`); undefined when it is none. */
export function whatRuns(spec: unknown): WhatRuns | undefined {
  const process = at(spec, "process");
  const args = texts(at(process, "args"));
  if (args.length === 0) return undefined;
  const namespaces = list(at(spec, "linux", "namespaces"));
  const network = namespaces.find((one) => text(at(one, "type")) === "network");
  const user = at(process, "user");
  return {
    command: args.map(quoted).join(" "),
    user: `${number(at(user, "uid"))}:${number(at(user, "gid"))}`,
    privileges: privileges(spec, namespaces),
    mounts: list(at(spec, "mounts"))
      .filter((one) => text(at(one, "type")) === "bind" || texts(at(one, "options")).includes("bind"))
      .map((one) => {
        const ro = texts(at(one, "options")).includes("ro") ? " (read only)" : "";
        return `${text(at(one, "source"))} → ${text(at(one, "destination"))}${ro}`;
      }),
    network: network === undefined ? "the machine's" : text(at(network, "path")) === "" ? "own" : "another's",
  };
}

function privileges(spec: unknown, namespaces: readonly unknown[]): readonly string[] {
  const capabilities = texts(at(spec, "process", "capabilities", "effective"));
  const more = capabilities.filter((name) => !DEFAULT_CAPABILITIES.has(name));
  const has = (type: string): boolean => namespaces.some((one) => text(at(one, "type")) === type);
  const allDevices = list(at(spec, "linux", "resources", "devices")).some(
    (rule) => at(rule, "allow") === true && at(rule, "type") === undefined && at(rule, "major") === undefined,
  );
  const root = at(spec, "process", "user", "uid") === 0 && !has("user");
  return [
    ...(root ? ["root, and not in a user namespace"] : []),
    ...(more.length > 0 ? [`capabilities ${more.join(", ")}`] : []),
    ...(allDevices ? ["all devices of the machine"] : []),
    ...(has("pid") ? [] : ["the machine's processes"]),
    ...(has("ipc") ? [] : ["the machine's shared memory"]),
    ...(at(spec, "linux", "seccomp") === undefined ? ["no seccomp filter"] : []),
  ];
}

function number(value: unknown): string {
  return typeof value === "number" ? String(value) : "?";
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : JSON.stringify(word);
}
