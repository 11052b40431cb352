// Root's part of the work for a user who isn't root: a program behind sudo, whose files are the user's afterwards.

/**
 * Runs a program and gives what it wrote to somebody, whatever its end. The script is always the same: what varies comes
 * as arguments, so that no name is ever read as code.
 */
const SCRIPT = 'folder=$1 owner=$2; shift 2; "$@"; code=$?; chown -hR -- "$owner" "$folder"; exit "$code"';

export interface AsRoot {
  /** The folder that the program writes into, which is this user's before and after. */
  readonly folder?: string;
  readonly uid: number;
  readonly gid: number;
}

/** The command line that runs a program with root's rights: `sudo` and its arguments. */
export function asRoot(
  program: string,
  args: readonly string[],
  { folder, uid, gid }: AsRoot,
): readonly string[] {
  const command = [program, ...args];
  if (folder === undefined) return ["sudo", "--", ...command];
  return ["sudo", "--", "/bin/sh", "-c", SCRIPT, "sh", folder, `${uid}:${gid}`, ...command];
}
