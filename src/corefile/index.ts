// corefile: ELF cores out of checkpoints.
export {};
