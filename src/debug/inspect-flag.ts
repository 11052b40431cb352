/** Where a Node process was told to open its inspector. */
export interface InspectorBinding {
  /** The address within the container; Node's default is its loopback. */
  readonly host: string;
  /** 0: Node chose one by itself. */
  readonly port: number;
}

const DEFAULT: InspectorBinding = { host: "127.0.0.1", port: 9229 };

/** Flags that open the inspector when Node starts, and those that only say where. */
const OPENS = /^--inspect(?:-brk|-wait)?(?:=(.*))?$/;
const PLACES = /^--(?:inspect|debug)-port=(.*)$/;

/**
 * What `--inspect…` in the arguments or in NODE_OPTIONS says; undefined when the inspector is off. Words of a shell's
 * command line (`sh -c "node --inspect app.js"`) count too. Arguments win over NODE_OPTIONS, later ones over earlier.
 */
export function inspectorBinding(
  argv: readonly string[],
  environment: readonly string[],
): InspectorBinding | undefined {
  const { opened, binding } = readFlags(argv, environment);
  return opened ? binding : undefined;
}

/** Where Node opens its inspector when SIGUSR1 tells it to: `--inspect-port` says it, else its default. */
export function signalBinding(argv: readonly string[], environment: readonly string[]): InspectorBinding {
  return readFlags(argv, environment).binding;
}

function readFlags(
  argv: readonly string[],
  environment: readonly string[],
): { readonly opened: boolean; readonly binding: InspectorBinding } {
  const options =
    environment.findLast((line) => line.startsWith("NODE_OPTIONS="))?.slice("NODE_OPTIONS=".length) ?? "";
  const words = [...options.split(/\s+/), ...argv.flatMap(wordsOf)];
  let opened = false;
  let binding = DEFAULT;
  for (const word of words) {
    const opens = OPENS.exec(word);
    const value = opens?.[1] ?? PLACES.exec(word)?.[1];
    opened ||= opens !== null;
    if (value !== undefined) binding = parseBinding(value, binding);
  }
  return { opened, binding };
}

/** `port`, `host`, `host:port`, `[v6]:port`; what is missing stays as it was. */
function parseBinding(value: string, before: InspectorBinding): InspectorBinding {
  const match = /^(?:(\[[0-9a-f:.]+\]|[^:]*[^\d:][^:]*|\d+(?:\.\d+){3}))?:?(\d{1,5})?$/i.exec(value);
  if (match === null) return before;
  const port = match[2] === undefined ? before.port : Number(match[2]);
  const host = match[1]?.replace(/^\[|\]$/g, "") ?? before.host;
  return port < 65536 ? { host, port } : before;
}

/** An argument with blanks is a shell's command line. Quotes around a word are dropped. */
function wordsOf(argument: string): readonly string[] {
  return argument.split(/\s+/).map((word) => word.replace(/^["']|["';]+$/g, ""));
}

/** Whether only processes within the same network namespace can reach it. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\./.test(host);
}

/** Whether it means every address of the namespace. */
export function isWildcard(host: string): boolean {
  return host === "0.0.0.0" || host === "::" || host === "";
}
