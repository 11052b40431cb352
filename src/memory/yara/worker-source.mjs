// The worker from its sources, for tests and scripts: a thread doesn't inherit what reads TypeScript. Bundles have the worker alone.
import { register } from "tsx/esm/api";

register();
await import("./worker.ts");
