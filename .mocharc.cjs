// All unit tests, unless some are named: mocha would run those and the ones of this file.
const named = process.argv.slice(2).some((word) => word === "--spec" || word.endsWith(".test.ts"));

module.exports = {
  "node-option": ["import=tsx"],
  ...(!named && { spec: ["test/unit/**/*.test.ts"] }),
  timeout: 60_000,
  "forbid-only": true,
};
