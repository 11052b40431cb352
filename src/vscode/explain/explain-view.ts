import * as vscode from "vscode";
import { toCryoscopeError } from "../../bytes/index.ts";
import { explain } from "../../criu/index.ts";
import type { ExplainRpc, ShownExplanation } from "../../protocol/index.ts";
import type { ImageEditor } from "../image-editor/index.ts";
import { viewPage } from "../page.ts";
import { serveView } from "../rpc.ts";
import type { ViewPort } from "../rpc.ts";

/** The view that follows the selection of the image editor in front. It works only while it can be seen. */
export class ExplainView implements vscode.WebviewViewProvider, vscode.Disposable {
  /** What was told to the view last. */
  shown: ShownExplanation | undefined;
  readonly #showing = new vscode.EventEmitter<ShownExplanation>();
  readonly onDidShow = this.#showing.event;
  readonly #root: vscode.Uri;
  readonly #images: ImageEditor;
  readonly #following: vscode.Disposable;
  #view: vscode.WebviewView | undefined;
  #port: ViewPort<ExplainRpc> | undefined;
  /** Counts selections, so that a slow explanation never replaces a later one. */
  #asked = 0;

  constructor(root: vscode.Uri, images: ImageEditor) {
    this.#root = root;
    this.#images = images;
    this.#following = images.onDidSelect(() => {
      void this.#update();
    });
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    const { webview } = view;
    webview.options = { enableScripts: true, localResourceRoots: [this.#root] };
    const port = serveView<ExplainRpc>(
      webview,
      {},
      {
        ready: () => void this.#update(),
        select: (range) => this.#images.active()?.select(range),
        leave: () => void vscode.commands.executeCommand("workbench.action.focusActiveEditorGroup"),
      },
    );
    this.#view = view;
    this.#port = port;
    view.onDidChangeVisibility(() => {
      if (view.visible) void this.#update();
    });
    view.onDidDispose(() => {
      port.dispose();
      this.#view = this.#port = this.shown = undefined;
    });
    webview.html = viewPage(webview, this.#root, "explain", "Cryoscope: Explain");
  }

  /** Selects the piece after or before the explained one. */
  go(where: "next" | "previous"): void {
    const target = this.shown?.[where];
    if (target) this.#images.active()?.select(target);
  }

  dispose(): void {
    this.#following.dispose();
    this.#showing.dispose();
  }

  async #update(): Promise<void> {
    if (!this.#view?.visible) return;
    const ticket = ++this.#asked;
    const answer = await this.#explain();
    if (ticket !== this.#asked) return;
    this.shown = typeof answer === "string" ? undefined : answer;
    this.#port?.tell("explanation", answer);
    if (this.shown) this.#showing.fire(this.shown);
  }

  async #explain(): Promise<ShownExplanation | string | undefined> {
    const editor = this.#images.active();
    const selection = editor?.selection();
    if (!editor || !selection) return undefined;
    try {
      const tree = await editor.tree();
      const { image } = tree;
      return {
        image: image.name,
        ...(await explain({ image, entry: (index) => tree.entry(index) }, selection)),
      };
    } catch (error) {
      return toCryoscopeError(error).message;
    }
  }
}
