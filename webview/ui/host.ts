// What every page does first: it connects to its host, and shows itself once what it needs has been read.
import type { RpcMap } from "../../src/protocol/index.ts";
import { button, progress } from "./components.ts";
import { element } from "./dom.ts";
import { connectHost, HostError } from "./rpc.ts";
import type { Host, Listeners } from "./rpc.ts";
import { vscodeApi } from "./vscode.ts";
import type { VsCodeApi } from "./vscode.ts";
import { wantsKey } from "./wants-key.ts";

/** The host of this page. May be called once in its life. */
export function connectPage<M extends RpcMap>(
  listeners: Listeners<M>,
): { readonly host: Host<M>; readonly vscode: VsCodeApi } {
  const vscode = vscodeApi();
  const host = connectHost<M>(
    (message) => {
      vscode.postMessage(message);
    },
    (listener) => {
      window.addEventListener("message", ({ data }) => {
        // What the host posts is what the protocol says.
        listener(data as Parameters<typeof listener>[0]);
      });
    },
    listeners,
  );
  return { host, vscode };
}

/**
 * Says what is being read, then lets the page show itself; what fails is said instead, and can be tried again: `again` tells that
 * the person wants it.
 */
export async function showWhenRead(
  reading: string,
  show: (again: boolean) => Promise<void>,
  again = false,
): Promise<void> {
  document.body.replaceChildren(progress(reading));
  try {
    await show(again);
  } catch (error) {
    const { message, next } =
      error instanceof HostError ? error : { message: String(error), next: undefined };
    document.body.replaceChildren(
      element(
        "div",
        { class: "failed", attributes: { role: "alert" } },
        element("p", { text: message }),
        element("p", { text: next ?? "" }),
        button(wantsKey(error) ? "Give a Key…" : "Try Again", () => void showWhenRead(reading, show, true)),
      ),
    );
  }
}
