// memory: one process's address space over VMAs, pagemaps and pages.
export {};
