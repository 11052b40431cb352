// mocha's usual report and, behind it, the files of what failed: `npm test` runs those once more.
const { relative } = require("node:path");
const { reporters } = require("mocha");

module.exports = class extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const files = new Set();
    runner.on("fail", ({ file }) => {
      if (file !== undefined) files.add(relative(process.cwd(), file));
    });
    runner.once("end", () => {
      for (const file of files) console.log(`failed in ${file}`);
    });
  }
};
