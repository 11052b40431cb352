import assert from "node:assert/strict";
import { pathMappings, toLocal } from "../../../src/debug/index.ts";

const CONTAINER = { mounts: [], workingDirectory: "/app/src", labels: {} };

describe("the mapping of sources", () => {
  it("takes the user's rules before mounts, and mounts before what labels say", () => {
    const mappings = pathMappings(
      {
        mounts: [
          { source: "/srv/checkout", destination: "/app" },
          { source: "/srv/lib", destination: "/app/lib" },
          { source: "named-volume", destination: "/data" },
        ],
        workingDirectory: "/app/src",
        labels: { "com.docker.compose.project.working_dir": "/home/me/project" },
      },
      { pathMappings: { "/app": "/home/me/app" }, folder: "/home/me" },
    );
    assert.deepEqual(mappings, [
      { localRoot: "/home/me/app", remoteRoot: "/app" },
      { localRoot: "/srv/lib", remoteRoot: "/app/lib" },
      { localRoot: "/home/me/project", remoteRoot: "/app/src" },
    ]);
    assert.equal(toLocal("/app/main.py", mappings), "/home/me/app/main.py");
    assert.equal(toLocal("/usr/lib/python3/os.py", mappings), undefined);
    assert.equal(toLocal("/application/main.py", mappings), undefined);
  });

  it("takes the longer of two mounts for what lies in both", () => {
    const mounts = [
      { source: "/srv/app", destination: "/app" },
      { source: "/srv/lib", destination: "/app/lib" },
    ];
    const mappings = pathMappings({ ...CONTAINER, mounts, workingDirectory: "/" });
    assert.equal(toLocal("/app/lib/a.c", mappings), "/srv/lib/a.c");
    assert.equal(toLocal("/app/main.c", mappings), "/srv/app/main.c");
  });

  it("reads pairs as the Python debugger writes them, and the JavaScript debugger's two roots", () => {
    const pairs = [{ localRoot: "/home/me/app/", remoteRoot: "/app/" }, { localRoot: 7 }, null];
    const [first] = pathMappings({ ...CONTAINER, workingDirectory: "/" }, { pathMappings: pairs });
    assert.deepEqual(first, { localRoot: "/home/me/app", remoteRoot: "/app" });
    const roots = { localRoot: "/home/me", remoteRoot: "/app" };
    assert.deepEqual(pathMappings({ ...CONTAINER, workingDirectory: "/" }, roots), [roots]);
  });

  it("maps the working directory to the folder of the workspace when nothing else is known", () => {
    assert.deepEqual(pathMappings(CONTAINER, { folder: "/home/me/app" }), [
      { localRoot: "/home/me/app", remoteRoot: "/app/src" },
    ]);
    // Everything of the container below the workspace would be wrong.
    assert.deepEqual(pathMappings({ ...CONTAINER, workingDirectory: "/" }, { folder: "/home/me" }), []);
  });

  it("keeps to what is absolute, also on Windows, and to a bounded number", () => {
    const rules = { "/app": "C:\\work\\app", relative: "/x", "/y": "relative" };
    const mappings = pathMappings({ ...CONTAINER, workingDirectory: "/" }, { pathMappings: rules });
    assert.deepEqual(mappings, [{ localRoot: "C:\\work\\app", remoteRoot: "/app" }]);
    assert.equal(toLocal("/app/a/b.js", mappings), "C:\\work\\app\\a\\b.js");
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`/r${index}`, `/l${index}`]));
    assert.equal(pathMappings(CONTAINER, { pathMappings: many }).length, 64);
  });
});
