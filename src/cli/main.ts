// The command line's entrance: finds the command, runs it, turns how it ended into an exit status.
import { COMMANDS } from "./commands.ts";
import { EXIT } from "./command.ts";
import { streamOutput } from "./output.ts";
import { runCli } from "./run.ts";

let readerGone = false;
const output = streamOutput({
  descriptor: 1,
  stdout() {
    // A reader such as `head` may leave early; that is no error of ours.
    if (process.stdout.listenerCount("error") === 0)
      process.stdout.on("error", (error: NodeJS.ErrnoException) => {
        readerGone ||= error.code === "EPIPE";
      });
    return process.stdout;
  },
  stderr: () => process.stderr,
});

runCli(COMMANDS, process.argv.slice(2), output)
  .then(async (exit) => {
    await output.flush();
    process.exitCode = exit;
  })
  .catch((error: unknown) => {
    if (readerGone || (error as NodeJS.ErrnoException).code === "EPIPE") return;
    output.message(String(error));
    process.exitCode = EXIT.unreadable;
  });
