// What of a CRIU log belongs together, for folding.

export interface LogFolding {
  /** 0-based, both included. */
  readonly start: number;
  readonly end: number;
}

/** CRIU draws such a line before each task, resource or image set that it comes to. */
const RULE = /^(\([\d.]+\)\s+)?(\d+:\s+)?[-=]{8,}\s*$/;
/** `cg-prop: …`, `mnt: …`: the part of CRIU that speaks. */
const SUBJECT = /^\([\d.]+\)\s+(?:\d+:\s+)?([a-z][\w-]*):\s/;

/** Sections between rules, and runs of at least eight lines of one part of CRIU within them. */
export function foldCriuLog(lines: readonly string[]): readonly LogFolding[] {
  const found: LogFolding[] = [];
  let section: number | undefined;
  let run: { readonly subject: string; readonly start: number } | undefined;
  const endRun = (line: number): void => {
    if (run && line - run.start >= 8) found.push({ start: run.start, end: line - 1 });
    run = undefined;
  };
  lines.forEach((text, line) => {
    if (RULE.test(text)) {
      endRun(line);
      // A title stands between two rules, and is what stays to be seen of its section.
      if (section !== undefined && line - section === 1) return;
      if (section !== undefined && line - section > 1) found.push({ start: section, end: line - 1 });
      section = line + 1;
      return;
    }
    const subject = SUBJECT.exec(text)?.[1];
    if (subject === run?.subject) return;
    endRun(line);
    if (subject !== undefined) run = { subject, start: line };
  });
  endRun(lines.length);
  if (section !== undefined && lines.length - section > 1)
    found.push({ start: section, end: lines.length - 1 });
  return found.sort((a, b) => a.start - b.start || b.end - a.end);
}
