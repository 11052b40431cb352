/** Who made a checkpoint with which versions, as far as anyone wrote it down. */
export interface Versions {
  /** Of Podman, CRI-O, containerd … */
  readonly engine?: string;
  /** Name and version of the OCI runtime. */
  readonly runtime?: string;
  readonly criu?: string;
  readonly conmon?: string;
  /** `6.18.44`. */
  readonly kernel?: string;
  /** As Go names it: `amd64`. */
  readonly architecture?: string;
  /** `debian 13`. */
  readonly distribution?: string;
  /** `v1`, `v2`. */
  readonly cgroups?: string;
}

type Annotations = Readonly<Record<string, string>>;

/** Where the keys begin that engines annotate the container images of checkpoints with. */
export const ANNOTATIONS = {
  podman: "io.podman.annotations.checkpoint.",
  crio: "io.kubernetes.cri-o.annotations.checkpoint.",
  /** The neutral ones, of `checkpointctl build` and newer engines. */
  criu: "org.criu.checkpoint.",
} as const;

/** Places of each fact, the best first. */
const KEYS: Readonly<Record<keyof Versions, readonly string[]>> = {
  engine: ["podman.version", "cri-o.version", "engine.version"],
  runtime: ["runtime.version", "runtime.name"],
  criu: ["criu.version"],
  conmon: ["conmon.version"],
  kernel: ["host.kernel"],
  architecture: ["host.arch"],
  distribution: ["distribution.name"],
  cgroups: ["cgroups.version", "cgroup.version"],
};

/** What the annotations and the head of CRIU's log say. The log's own words count before the annotations'. */
export function versionsOf(annotations: Annotations, log: string): Versions {
  const found = (name: string): string | undefined => {
    for (const prefix of Object.values(ANNOTATIONS)) {
      const value = annotations[prefix + name];
      if (value !== undefined && value !== "") return firstLine(value);
    }
    return undefined;
  };
  const versions = Object.entries(KEYS).flatMap(([name, keys]) => {
    const value = keys.map(found).find((each) => each !== undefined);
    return value === undefined ? [] : [[name, value] as const];
  });
  const distributionVersion = found("distribution.version");
  const { distribution, criu, ...rest }: Versions = Object.fromEntries(versions);
  const fromLog = /\bVersion: (\S{1,40})/.exec(log)?.[1];
  const kernel = /\bRunning on \S{1,256} Linux (\S{1,100})/.exec(log)?.[1];
  const criuVersion = fromLog ?? (criu && criuNumber(criu));
  return {
    ...rest,
    ...(criuVersion !== undefined && { criu: criuVersion }),
    ...(kernel !== undefined && { kernel }),
    ...(distribution !== undefined && {
      distribution: [distribution, distributionVersion].filter((part) => part !== undefined).join(" "),
    }),
  };
}

const firstLine = (text: string): string => text.split("\n", 1)[0] ?? "";

/** Engines write CRIU's version as the number it answers them: 40201 is 4.2.1 (`criu/cr-service.c`). */
function criuNumber(text: string): string {
  if (!/^\d{5,6}$/.test(text)) return text;
  const number = Number(text);
  const parts = [Math.floor(number / 10_000), Math.floor(number / 100) % 100, number % 100];
  return (parts[2] === 0 ? parts.slice(0, 2) : parts).join(".");
}
