// VS Code's web components, a script of its own: a page shows its contents without waiting for them, and elements made before
// become components when it is there. Their project was archived in January 2025: they are imported in this file alone, so
// that they can be replaced here.
import { provideVSCodeDesignSystem, vsCodeButton, vsCodeProgressRing } from "@vscode/webview-ui-toolkit";

provideVSCodeDesignSystem().register(vsCodeButton(), vsCodeProgressRing());
