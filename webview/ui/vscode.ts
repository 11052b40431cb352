/** What VS Code gives a webview. */
export interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

/** May be called once in the life of a page. */
export function vscodeApi(): VsCodeApi {
  return acquireVsCodeApi();
}
