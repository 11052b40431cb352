// Files of one line, each from one field of an image.
import type { ProcFile } from "../model.ts";
import { detailsOf, threadOf } from "../task-facts.ts";
import { hex } from "../text.ts";

/** `fs/proc/base.c: comm_show`. */
export const comm: ProcFile = {
  name: "comm",
  perThread: true,
  write: async (task) => `${(await threadOf(task))?.comm ?? task.process.comm}\n`,
  differences: [],
};

/** `fs/proc/base.c: proc_pid_personality`. */
export const personality: ProcFile = {
  name: "personality",
  perThread: true,
  write: async (task) => {
    const { personality: value } = await detailsOf(task);
    return value === undefined ? undefined : `${hex(value.bits, 8)}\n`;
  },
  differences: [],
};

const NOBODY = 0xffff_ffff;

/** `fs/proc/base.c: proc_loginuid_read`, which ends without a line break. */
export const loginuid: ProcFile = {
  name: "loginuid",
  perThread: true,
  write: async (task) => {
    const { flags, loginUid } = await detailsOf(task);
    // Without flags there is no image that could say that nobody logged in.
    return flags === undefined ? undefined : String(loginUid ?? NOBODY);
  },
  differences: [],
};

/** `fs/proc/base.c: oom_score_adj_read`. */
export const oomScoreAdj: ProcFile = {
  name: "oom_score_adj",
  perThread: true,
  write: async (task) => {
    const value = (await detailsOf(task)).oomScoreAdjust;
    return value === undefined ? undefined : `${value}\n`;
  },
  differences: [],
};

const HIGHEST_SCORE = 1000;
const HIGHEST_OLD = 15;
/** What 1000 is in the old scale. */
const OLD_SCALE = 17;

/** `fs/proc/base.c: oom_adj_read`: the same in the scale of Linux before 2.6.36. */
export const oomAdj: ProcFile = {
  name: "oom_adj",
  perThread: true,
  write: async (task) => {
    const value = (await detailsOf(task)).oomScoreAdjust;
    if (value === undefined) return undefined;
    const old = value === HIGHEST_SCORE ? HIGHEST_OLD : Math.trunc((value * OLD_SCALE) / HIGHEST_SCORE);
    // Never -0.
    return `${Math.min(old, HIGHEST_OLD) + 0}\n`;
  },
  differences: [],
};

/** `fs/proc/base.c: timerslack_ns_show`. */
export const timerslack: ProcFile = {
  name: "timerslack_ns",
  perThread: false,
  absent: "in dumps of CRIU up to 4.2, which don't have it.",
  write: async (task) => {
    const value = (await threadOf(task))?.scheduling?.timerSlack;
    return value === undefined ? undefined : `${value}\n`;
  },
  differences: [],
};

/** `security/lsm.c`: the profile of AppArmor or the context of SELinux. */
export const lsmProfile: ProcFile = {
  name: "attr/current",
  perThread: true,
  absent: "where no security module gave the task a profile.",
  write: async (task) => {
    const profile = (await threadOf(task))?.credentials?.lsmProfile;
    return profile === undefined || profile === "" ? undefined : `${profile}\n`;
  },
  differences: [
    {
      field: "mode of AppArmor's profile",
      frozen: "missing",
      // `criu/lsm.c: apparmor_get_label` reads up to the first blank.
      why: "CRIU dumps the profile's name alone.",
      pattern: / \(\w+\)(?=\n)/g,
      becomes: "",
    },
    {
      field: "what ends SELinux's context",
      frozen: "a line break",
      why: "The kernel ends it with a zero byte, for which editors would take the file to be no text.",
      pattern: /\0$/g,
      becomes: "\n",
    },
  ],
};

/** `fs/proc/array.c: children_seq_show`: pids with a blank behind each, for the leader has them all in a dump. */
export const children: ProcFile = {
  name: "children",
  perThread: true,
  write: ({ process, tid }) =>
    Promise.resolve(tid === process.pid ? process.children.map((pid) => `${pid} `).join("") : ""),
  differences: [
    {
      field: "children of other threads",
      frozen: "with the leader",
      why: "Which thread made a child is not dumped.",
      // Nothing to take out of a leader's file.
      pattern: /(?!)/g,
      becomes: "",
    },
  ],
};
