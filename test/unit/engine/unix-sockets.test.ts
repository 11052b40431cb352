import assert from "node:assert/strict";
import { parseUnixSockets } from "../../../src/engine/preflight/socket-checks.ts";

// As iproute2 6.15 writes them; it leaves the name of the other end out.
const SS = `u_dgr UNCONN 0      0                /run/a place/dev-log 554 * 0
u_dgr ESTAB  0      0                                    * 555 * 554
u_dgr ESTAB  0      0                                    * 556 * 557
u_str LISTEN 0      4096              /run/docker.sock 2958498 * 0
u_str ESTAB  0      0                 /run/docker.sock 600 * 601
u_seq ESTAB  0      0                                    * 700 * 554
`;

describe("what ss says of Unix sockets", () => {
  it("tells both ends, and which CRIU may cut off: datagrams to what has a name", () => {
    assert.deepEqual(parseUnixSockets(SS), [
      { own: "555", peer: "554", cuttable: true },
      { own: "556", peer: "557", cuttable: false },
      { own: "600", peer: "601", cuttable: false },
      { own: "700", peer: "554", cuttable: false },
    ]);
  });

  it("may be anything and gives nothing then", () => {
    assert.deepEqual(parseUnixSockets("u_dgr ESTAB\nError: no such thing\n* 1 * 2\n\n"), []);
  });
});
