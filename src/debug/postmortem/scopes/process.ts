import type { Credentials } from "../../../checkpoint/index.ts";
import type { FrozenTarget, FrozenThread } from "../target.ts";
import { shown } from "../variable.ts";
import type { Variable } from "../variable.ts";

/** The arguments of the program, as its memory has them now. */
export const argumentRows = ({ process }: FrozenThread): readonly Variable[] =>
  process.cmdline.map((argument, index) => ({ name: `argv[${index}]`, value: shown(argument) }));

export async function environmentRows(
  target: FrozenTarget,
  { process }: FrozenThread,
): Promise<readonly Variable[]> {
  const { variables } = (await target.checkpoint.environment(process.pid)).value;
  return variables.map(({ name, value }) => ({ name: shown(name), value: shown(value ?? "") }));
}

export async function openFileRows(
  target: FrozenTarget,
  { process }: FrozenThread,
): Promise<readonly Variable[]> {
  const files = (await target.checkpoint.openFiles(process.pid)).value;
  return files.map(({ fd, type, description, flags, position }) => ({
    name: String(fd),
    value: shown([description, ...flags, ...(position === undefined ? [] : [`at ${position}`])].join(" ")),
    type,
  }));
}

export function credentialRows({ thread }: FrozenThread): readonly Variable[] {
  const { credentials } = thread;
  if (credentials === undefined) return [];
  const ids = ["uid", "euid", "suid", "fsuid", "gid", "egid", "sgid", "fsgid"] as const;
  const sets = ["effective", "permitted", "inheritable", "bounding", "ambient"] as const;
  return [
    ...ids.map((name) => ({ name, value: String(credentials[name]) })),
    { name: "groups", value: credentials.groups.join(" ") },
    ...sets.flatMap((name) => capabilities(name, credentials.capabilities[name])),
    { name: "securebits", value: credentials.securebits.join(" ") },
    { name: "no_new_privs", value: String(credentials.noNewPrivs ?? "unknown") },
    { name: "LSM profile", value: shown(credentials.lsmProfile ?? "") },
  ];
}

const capabilities = (name: string, set: Credentials["capabilities"]["ambient"]): readonly Variable[] =>
  set === undefined ? [] : [{ name: `capabilities, ${name}`, value: set.names.join(" ") || "none" }];

/** Signals: what is on its way, blocked, and done about each. */
export async function signalRows(
  target: FrozenTarget,
  { process, thread }: FrozenThread,
): Promise<readonly Variable[]> {
  const { signals } = (await target.checkpoint.details(process.pid)).value;
  const pending = [...thread.pending, ...signals.pending];
  return [
    { name: "pending", value: pending.map(({ description }) => description).join("; ") || "none" },
    { name: "blocked", value: thread.blocked.names.join(" ") || "none" },
    { name: "ignored", value: signals.ignored.names.join(" ") || "none" },
    { name: "caught", value: signals.caught.names.join(" ") || "none" },
  ];
}
