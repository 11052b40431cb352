// The file that is run: keeps the compiled code of the others from one run to the next, where Node can (22.1 and later;
// in a folder of its own below the system's for temporary files), and loads them.
import module from "node:module";

// Older ones don't have it, whatever the types say.
(module as { enableCompileCache?: () => unknown }).enableCompileCache?.();
void import("./main.ts");
