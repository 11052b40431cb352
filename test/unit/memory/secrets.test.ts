import assert from "node:assert/strict";
import { createHmac, generateKeyPairSync } from "node:crypto";
import { findSecrets, masked, SECRET_RULES } from "../../../src/memory/index.ts";
import { secretsIn } from "./secrets-in.ts";
import { withMemory } from "./support.ts";

const base64url = (text: string): string => Buffer.from(text).toString("base64url");
const letters = (length: number): string => "aB3dE5gH7jK9mN1pQ".repeat(40).slice(0, length);

describe("secrets in memory", function () {
  this.timeout(60_000);

  it("are found by what they look like, each where it is", async () => {
    const { privateKey } = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
      publicKeyEncoding: { type: "spki", format: "pem" },
    });
    const unsigned = `${base64url('{"alg":"HS256","typ":"JWT"}')}.${base64url('{"sub":"1234567890"}')}`;
    const signature = createHmac("sha256", "k").update(unsigned).digest("base64url");
    const expected: readonly (readonly [rule: string, text: string, value?: string])[] = [
      ["private-key", privateKey.trimEnd()],
      ["jwt", `${unsigned}.${signature}`],
      ["aws-access-key", `AKIA${"ABCDEFGH234567AB"}`],
      ["github-token", `ghp_${letters(36)}`],
      ["gitlab-token", `glpat-${letters(20)}`],
      [
        "shadow",
        `root:$y$j9T$${letters(22)}$${letters(43)}:19000:0:99999:7:::`,
        `$y$j9T$${letters(22)}$${letters(43)}`,
      ],
      ["url-password", "postgres://app:hunter2!x@db.internal:5432/app", "hunter2!x"],
      ["environment", "DB_PASSWORD=correct-horse", "correct-horse"],
      ["authorization", "Authorization: Bearer abcdef1234567890", "abcdef1234567890"],
    ];
    const memory = Buffer.concat(
      expected.flatMap(([, text]) => [Buffer.alloc(700), Buffer.from(text, "latin1"), Buffer.alloc(1)]),
    );
    const found = await secretsIn(memory);
    assert.deepEqual(
      found.map(({ rule, value }) => [rule.id, value]),
      expected.map(([rule, text, value = text]) => [rule, value]),
    );
    for (const secret of found) {
      const shown = masked(secret);
      assert.ok(!shown.includes(secret.value) && shown.length < 100, shown);
    }
  });

  it("are not found in what only begins like one", async () => {
    const like = [
      "-----BEGIN PRIVATE KEY-----\nshort\n",
      "eyJub3RoaW5n.eyJhbHNv.no",
      `eyJ${"A".repeat(20)}.eyJ${"A".repeat(20)}.${"A".repeat(40)}`,
      "AKIAabcdefghijklmnop",
      "http://example.org:8080/path@here",
      "://:@",
      "MY_TOKEN=",
      "PASSWORD=%s",
    ].join("\0");
    assert.deepEqual(await secretsIn(Buffer.from(`\0${like}\0`)), []);
  });

  it("are no more than a few in a real process that has none", async () => {
    await withMemory("corpus/c-shmem", "img", async (memory) => {
      const found: string[] = [];
      for await (const { rule } of findSecrets([memory], { threads: 1 })) found.push(rule.id);
      assert.deepEqual(found, []);
    });
  });

  it("have rules that can begin no further before their anchor than they say", () => {
    for (const { id, anchor, before, maxLength, regex } of SECRET_RULES) {
      assert.ok(anchor.length >= 2 && before < maxLength, id);
      assert.doesNotThrow(() => new RegExp(regex, "g"), id);
    }
  });
});
