import { cryoscopeError } from "../bytes/index.ts";
import type { CryoscopeError, ErrorDetails } from "../bytes/index.ts";

function failed(code: string, sentence: string, next: string, details: ErrorDetails = {}): CryoscopeError {
  return cryoscopeError(`debug.${code}`, sentence, { next, ...details });
}

/** The errors of live sessions. Container names and addresses in them are bounded by whoever read them. */
export const liveErrors = {
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
