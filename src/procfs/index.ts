// procfs: the frozen /proc, a read-only file tree over a checkpoint.
export {};
