/** Numbers of ELF by the names they have in `include/uapi/linux/elf.h` and the System V gABI. */

/** What a program header describes. */
export const PT = { load: 1, note: 4, gnuEhFrame: 0x6474_e550 } as const;

/** Bits of a program header's flags. */
export const PF = { x: 1, w: 2, r: 4 } as const;

/** Kinds of notes. Numbers mean what the name before them (`CORE`, `LINUX`, `GNU`) makes of them. */
export const NT = {
  gnuBuildId: 3,
  prstatus: 1,
  fpregset: 2,
  prpsinfo: 3,
  auxv: 6,
  x86Xstate: 0x202,
  x86XstateLayout: 0x205,
  armVfp: 0x400,
  armTls: 0x401,
  armPacMask: 0x406,
  file: 0x46494c45,
  siginfo: 0x53494749,
} as const;

/** Kinds of files. */
export const ET_CORE = 4;

/** `e_phnum` when there are more program headers than it can count: the number is in `sh_info` of section 0 then. */
export const PN_XNUM = 0xffff;

/** Bytes of the headers by the bytes of a word. */
export const ELF_SIZES = {
  4: { file: 52, program: 32, section: 40 },
  8: { file: 64, program: 56, section: 64 },
} as const;

/** Where in `elf_prstatus` and `elf_prpsinfo` things are, by the bytes of a word (`include/linux/elfcore.h`). */
export const CORE_OFFSETS = {
  4: { currentSignal: 12, ids: 24, registers: 72, uid: 8 },
  8: { currentSignal: 12, ids: 32, registers: 112, uid: 16 },
} as const;
