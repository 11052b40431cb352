/** User settings that keep the workbench quiet, offline and the same on every machine. */
export const SETTINGS: Readonly<Record<string, unknown>> = {
  "chat.disableAIFeatures": true,
  "debug.javascript.autoAttachFilter": "disabled",
  "extensions.autoCheckUpdates": false,
  "extensions.autoUpdate": false,
  "extensions.ignoreRecommendations": true,
  "git.openRepositoryInParentFolders": "never",
  "npm.fetchOnlinePackageInfo": false,
  "security.workspace.trust.enabled": false,
  "telemetry.telemetryLevel": "off",
  // The login shell of the user may be one that refuses to run.
  "terminal.integrated.automationProfile.linux": { path: "/bin/bash" },
  "terminal.integrated.defaultProfile.linux": "bash",
  "update.mode": "none",
  "window.commandCenter": false,
  "workbench.enableExperiments": false,
  // What fades away is still in the way for a moment.
  "workbench.reduceMotion": "on",
  // VS Code gives a webview the focus back a moment after a command was chosen: on a busy machine that is when the command
  // has asked something already, whose box would close unseen.
  "workbench.quickOpen.closeOnFocusLost": false,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
};
