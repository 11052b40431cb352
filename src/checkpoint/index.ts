// checkpoint: what the images mean together: processes, threads, files, memory maps, mounts of one frozen container.
export {};
