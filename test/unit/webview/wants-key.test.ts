import assert from "node:assert/strict";
import { checkpointErrors } from "../../../src/checkpoint/index.ts";
import { sealErrors } from "../../../src/seal/index.ts";
import { HostError } from "../../../webview/ui/rpc.ts";
import { wantsKey } from "../../../webview/ui/wants-key.ts";

describe("a page that can't show anything", () => {
  const isAsked = (error: { readonly code: string }): boolean =>
    wantsKey(new HostError({ code: error.code, sentence: "" }));

  it("asks for a key where one would do, and else only to try again", () => {
    for (const error of [
      sealErrors.keyNeeded("cipher.img"),
      sealErrors.wrongKey("cipher.img", ["a.pem"]),
      sealErrors.passphraseNeeded("a.pem"),
      sealErrors.wrongPassphrase("a.pem"),
    ])
      assert.ok(isAsked(error), error.code);
    assert.ok(!isAsked(sealErrors.notAKey("a.pem", "text")));
    assert.ok(!isAsked(checkpointErrors.noProcess(7)));
    assert.ok(!wantsKey(new Error("seal.keyNeeded")));
  });
});
