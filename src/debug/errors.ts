import { errorsOf } from "../bytes/index.ts";

/** An error of this folder. */
export const failed = errorsOf("debug");

/** Every way into a live process may be shut; the frozen images are always there. */
const POSTMORTEM =
  "debug the frozen process instead (Debug Frozen Process): that needs nothing in the container.";

/** Of what a program said, the line that tells: its last; bounded, without control characters. */
function lastLine(words: string): string {
  const line = words.trim().split("\n").at(-1) ?? "";
  const shown = line.replace(/[^\x20-\x7e\u00a0-\u{10ffff}]/gu, "?").slice(0, 300);
  return shown === "" ? "it says nothing." : shown;
}

/** The errors of live sessions. Container names and addresses in them are bounded by whoever read them. */
export const liveErrors = {
  noCoreDebugger: () =>
    failed(
      "noCoreDebugger",
      "There is no debugger here that opens ELF cores.",
      "Install gdb or lldb (packages of those names), or a C/C++ debugger of the editor's; or debug the frozen process itself (Debug Frozen Process), which needs none.",
    ),
  noForeignDebugger: () =>
    failed(
      "noForeignDebugger",
      "This core is of another kind of machine, and no debugger here opens those.",
      "Install gdb-multiarch or lldb (packages of those names); or debug the frozen process itself (Debug Frozen Process), which needs none.",
    ),
  notRunning: (container: string) =>
    failed(
      "notRunning",
      `The container ${container} is not running, so no debugger can be attached.`,
      "Restore it first.",
    ),
  noInspector: (container: string) =>
    failed(
      "noInspector",
      `The container ${container} was not started with Node's inspector.`,
      "Start it with node --inspect=0.0.0.0:9229 (or that in NODE_OPTIONS) and freeze it again.",
    ),
  noExec: (engine: string) =>
    failed(
      "noExec",
      `${engine} can't run a program in a container, so no debugger can be brought into it.`,
      `Attach from this machine, or ${POSTMORTEM}`,
    ),
  slowInside: (container: string, program: string, milliseconds: number) =>
    failed(
      "slowInside",
      `${program} in the container ${container} did not end within ${milliseconds / 1000} s.`,
      "Look whether the container runs or is stopped.",
    ),
  portInUse: (port: number, cause: unknown) =>
    failed("portInUse", `Port ${port} of this machine is in use.`, "Give another port, or none.", { cause }),
  noPort: (cause: unknown) =>
    failed("noPort", "This machine gave no port to listen on.", "Try again.", { cause }),
  inspectorPortTaken: (container: string, port: number) =>
    failed(
      "inspectorPortTaken",
      `Port ${port} is taken by another program, so Node in ${container} can't open its inspector there.`,
      "End that program, or start Node with another --inspect-port and freeze it again.",
    ),
  signalRefused: (container: string, pid: number, words: string) =>
    failed(
      "signalRefused",
      `Process ${pid} in ${container} can't be told to open its inspector: ${lastLine(words)}`,
      "Start it with node --inspect and freeze it again.",
    ),
  deafToSignal: (container: string, pid: number) =>
    failed(
      "deafToSignal",
      `Process ${pid} in ${container} doesn't catch SIGUSR1, by which Node opens its inspector: it would end of it.`,
      "Start it with node --inspect, or without --disable-sigusr1, and freeze it again.",
    ),
  noProcess: (container: string, pid: number | undefined) =>
    failed(
      "noProcess",
      pid === undefined
        ? `The container ${container} has no process that a debugger could be attached to.`
        : `The container ${container} has no process ${pid}.`,
      "Give its pid as the container numbers it, or leave pid out.",
    ),
  noRuntime: (container: string, label: string) =>
    failed(
      "noRuntime",
      `No process of the container ${container} looks like ${label}.`,
      "Leave runtime out, or name the process by its pid.",
    ),
  noInterpreter: (container: string, program: string) =>
    failed(
      "noInterpreter",
      `Python (${program}) can't be run in the container ${container}, so its debugger can't be reached.`,
      `Look whether the container lets programs run, or ${POSTMORTEM}`,
    ),
  noDebugpy: (container: string, version: string) =>
    failed(
      "noDebugpy",
      `The container ${container} has no debugpy for its Python ${version}.`,
      `Install it in the container image (pip install debugpy, or Debian's package python3-debugpy) and freeze again, or ${POSTMORTEM}`,
    ),
  noInjector: (container: string, version: string) =>
    failed(
      "noInjector",
      `debugpy gets into a running Python ${version} by gdb, and the container ${container} has none.`,
      `Install the package gdb in the container image, start with python -m debugpy --listen, or ${POSTMORTEM}`,
    ),
  injectFailed: (container: string, pid: number, words: string) =>
    failed(
      "injectFailed",
      `debugpy could not be put into process ${pid} of ${container}: ${lastLine(words)}`,
      "Look whether the process runs Python code just now; one that waits in a system call for ever can't take it.",
    ),
  noDebugServer: (server: string, container: string, port: number) =>
    failed(
      "noDebugServer",
      `${server} in ${container} gave no answer at port ${port}.`,
      "If it listened when it was frozen, freeze with TCP connections kept: it speaks to its process over one.",
    ),
  silentAdapter: (adapter: string, program: string) =>
    failed(
      "silentAdapter",
      `${adapter} (${program}) did not start.`,
      `Run it in a terminal to see why, or ${POSTMORTEM}`,
    ),
  noNativeDebugger: (container: string, tried: readonly string[]) =>
    failed(
      "noNativeDebugger",
      `There is no debugger for the native program in ${container} (${tried.join("; ")}).`,
      `Install gdb 14 or newer, or lldb (for lldb-dap), here or in the container image, or ${POSTMORTEM}`,
    ),
  bigProgram: (container: string) =>
    failed(
      "bigProgram",
      `The program in ${container} is larger than 1 GiB, so its symbols aren't copied.`,
      "Run the editor on the engine's machine (Remote SSH).",
    ),
  notSeenHere: (container: string, pid: number) =>
    failed(
      "notSeenHere",
      `Process ${pid} of ${container} isn't to be seen on this machine, so no debugger here can attach to it.`,
      `Run the editor on the engine's machine (Remote SSH), or ${POSTMORTEM}`,
    ),
  noDelve: (container: string) =>
    failed(
      "noDelve",
      `There is no delve for the Go program in ${container}.`,
      `Install the package delve (dlv) or the Go extension (golang.go), or ${POSTMORTEM}`,
    ),
  noJdwp: (container: string) =>
    failed(
      "noJdwp",
      `The JVM in ${container} was not started with a debug agent, and none can be put in later.`,
      `Start it with -agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=*:5005 and freeze it again, or ${POSTMORTEM}`,
    ),
  noExtension: (label: string, id: string) =>
    failed("noExtension", `The extension ${label} (${id}) is not installed.`, `Install it, or ${POSTMORTEM}`),
  diedAtWaking: (container: string, exitCode: number | undefined, cause?: unknown) =>
    failed(
      "diedAtWaking",
      `The container ${container} ended as soon as it was restored${exitCode === undefined ? "" : ` (exit status ${exitCode})`}.`,
      `See its log for why, restore it stopped ("stopped": true), or ${POSTMORTEM}`,
      { cause },
    ),
  noCopy: (engine: string) =>
    failed(
      "noCopy",
      `${engine} can't restore a copy beside the container that the snapshot was made of.`,
      'Leave "copy" out: the snapshot then takes the place of the container.',
    ),
  cannotStop: (engine: string, why?: string, cause?: unknown) =>
    failed(
      "cannotStop",
      why === undefined
        ? `${engine} can't restore this snapshot stopped: its files can't be read here.`
        : `This snapshot can't be restored stopped. ${why}`,
      'Leave "stopped" out: the debugger is then attached while it runs.',
      { cause },
    ),
  stoppedProcess: (container: string, pid: number) =>
    failed(
      "stoppedProcess",
      `Process ${pid} of ${container} is stopped, and on a machine with cgroup v1 CRIU hangs when it freezes such a one.`,
      "Let it go on first (continue in the debugger, or kill -CONT), then freeze.",
    ),
  noCore: (image: string) =>
    failed(
      "noCore",
      `${image} doesn't say how its process was, so it can't be changed.`,
      "Restore it running.",
    ),
  packedArchive: () =>
    failed(
      "packedArchive",
      "The archive is compressed, so no copy of it can be changed.",
      "Unpack it first.",
    ),
  randomPort: (container: string) =>
    failed(
      "randomPort",
      `Node's inspector in ${container} chose its port by itself (port 0), so it isn't known.`,
      "Start it with a fixed port: node --inspect=0.0.0.0:9229.",
    ),
  noNetwork: (container: string) =>
    failed(
      "noNetwork",
      `The container ${container} has no network, so the inspector in it can't be reached.`,
      "Run it with network host, or publish the inspector's port.",
    ),
  sharedNetwork: (container: string, mode: string) =>
    failed(
      "sharedNetwork",
      `The container ${container} uses another's network (${mode}), so its address isn't known.`,
      "Attach by hand to the port that the other container publishes.",
    ),
  loopbackOnly: (container: string, port: number) =>
    failed(
      "loopbackOnly",
      `Node's inspector in ${container} listens on port ${port} of the container's own loopback only.`,
      `Start it with --inspect=0.0.0.0:${port} and publish the port to 127.0.0.1, or use network host.`,
    ),
  unpublished: (container: string, port: number) =>
    failed(
      "unpublished",
      `Port ${port} of the container ${container} is not published.`,
      `Publish it on the loopback: -p 127.0.0.1:${port}:${port}.`,
    ),
  noAnswer: (tried: string, milliseconds: number, cause: unknown) =>
    failed(
      "noAnswer",
      `Node's inspector gave no answer at ${tried} within ${milliseconds / 1000} s.`,
      "Check in the container's log that it runs and that the inspector is on.",
      { cause },
    ),
};
