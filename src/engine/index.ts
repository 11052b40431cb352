// engine: talking to Docker, Podman and others: list, checkpoint, restore. It hands back archives and knows no image format.
export {};
