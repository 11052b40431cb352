import tseslint from "typescript-eslint";

/**
 * The law of import (ARCHITECTURE.md): a folder of src/ may import the faces (`index.ts`) of the folders listed
 * here and nothing else; only src/vscode may import 'vscode'. A new folder adds its line here.
 */
const MAY_IMPORT = {
  bytes: [],
  archive: ["bytes"],
  criu: ["bytes"],
  seal: ["bytes", "archive", "criu"],
  checkpoint: ["bytes", "archive", "criu", "seal"],
  memory: ["bytes", "archive", "criu", "seal", "checkpoint"],
  analysis: ["bytes", "archive", "criu", "seal", "checkpoint", "memory"],
  corefile: ["bytes", "archive", "criu", "seal", "checkpoint", "memory"],
  procfs: ["bytes", "archive", "criu", "seal", "checkpoint", "memory"],
  engine: ["bytes"],
  protocol: [],
  debug: ["bytes", "archive", "criu", "seal", "checkpoint", "memory", "corefile", "engine"],
};
const FOLDERS = [...Object.keys(MAY_IMPORT), "cli", "vscode"];
MAY_IMPORT.cli = FOLDERS.filter((folder) => folder !== "vscode" && folder !== "cli");
MAY_IMPORT.vscode = FOLDERS.filter((folder) => folder !== "cli" && folder !== "vscode");

const houseRules = Object.entries(MAY_IMPORT).map(([folder, allowed]) => {
  const forbidden = FOLDERS.filter((other) => other !== folder && !allowed.includes(other));
  const patterns = [
    {
      regex: `^(\\.\\./)+(${FOLDERS.join("|")})/(?!index\\.ts$)`,
      message: "Import the other folder's face: its index.ts.",
    },
    { regex: "^(\\.\\./)+(webview|test|scripts)/", message: "src/ stands on nothing but itself." },
  ];
  if (forbidden.length > 0)
    patterns.push({
      regex: `^(\\.\\./)+(${forbidden.join("|")})/`,
      message: `src/${folder} may import only: ${allowed.join(", ") || "nothing"}.`,
    });
  if (folder !== "vscode")
    patterns.push({ regex: "^vscode$", message: "Only src/vscode may import 'vscode'." });
  return {
    files: [`src/${folder}/**/*.ts`],
    rules: { "no-restricted-imports": ["error", { patterns }] },
  };
});

export default tseslint.config(
  { ignores: ["dist/", ".cache/", "node_modules/", "src/criu/generated/", "test/fixtures/", "media/"] },
  ...tseslint.configs.strict,
  ...tseslint.configs.stylistic,
  {
    rules: {
      eqeqeq: "error",
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-non-null-assertion": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "no-restricted-syntax": [
        "error",
        {
          selector: "ThrowStatement > NewExpression[callee.name='Error']",
          message: "Throw a CryoscopeError made by a named factory.",
        },
      ],
    },
  },
  { files: ["test/**/*.ts", "scripts/**/*"], rules: { "no-restricted-syntax": "off" } },
  {
    files: ["webview/**/*.ts"],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            { regex: "/src/(?!protocol/)", message: "A webview imports src/protocol only." },
            { regex: "^node:", message: "A webview has no Node." },
          ],
        },
      ],
    },
  },
  {
    files: ["webview/**/*.ts"],
    ignores: ["webview/ui/**"],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            { regex: "/src/(?!protocol/)", message: "A webview imports src/protocol only." },
            { regex: "^node:", message: "A webview has no Node." },
            { regex: "^@vscode/webview-ui-toolkit", message: "The toolkit stays behind webview/ui." },
          ],
        },
      ],
    },
  },
  {
    // What mocha loads with require.
    files: ["**/*.cjs"],
    rules: { "@typescript-eslint/no-require-imports": "off" },
  },
  ...houseRules,
);
