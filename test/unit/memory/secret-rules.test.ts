// Every rule with what it must find and with what it must leave alone. Tokens are put together here: none lies in the tree.
import assert from "node:assert/strict";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { rootCertificates } from "node:tls";
import { generateIdentity } from "age-encryption";
import { generateKey } from "openpgp";
import { SECRET_RULES } from "../../../src/memory/index.ts";
import { secretsIn } from "./secrets-in.ts";

const LETTERS = "aB3dE5gH7jK9mN1pQ".repeat(40);
const letters = (length: number): string => LETTERS.slice(0, length);
const hex = (length: number): string => "0123456789abcdef".repeat(20).slice(0, length);
const json = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

interface Sample {
  readonly text: string;
  /** What of it is secret; all of it when not given. */
  readonly value?: string;
  /** Differs from it in one thing that makes it none. */
  readonly near: string;
}

async function samples(): Promise<Readonly<Record<string, Sample>>> {
  const pem = generateKeyPairSync("ed25519")
    .privateKey.export({ type: "pkcs8", format: "pem" })
    .toString()
    .trimEnd();
  const { privateKey: pgp } = await generateKey({
    userIDs: [{ name: "Nobody", email: "nobody@nowhere.invalid" }],
    type: "ecc",
    format: "armored",
  });
  const age = await generateIdentity();
  const [certificate = ""] = rootCertificates;
  const jwt = `${json({ alg: "HS256" })}.${json({ sub: "1234567890" })}.${letters(43)}`;
  const hash = `$6$${letters(16)}$${letters(86)}`;
  const withPrefix = (prefix: string, length: number): Sample => ({
    text: prefix + letters(length),
    near: prefix + letters(length - 1),
  });
  const assigned = (before: string, value: string, near: string): Sample => ({
    text: before + value,
    value,
    near,
  });
  return {
    "private-key": { text: pem, near: pem.replaceAll("PRIVATE", "PUBLIC") },
    "pgp-private-key": { text: pgp.trimEnd(), near: pgp.trimEnd().replaceAll("PRIVATE", "PUBLIC") },
    // Bech32 has no b, i, o and 1.
    "age-identity": { text: age, near: `${age.slice(0, -3)}BIO` },
    certificate: { text: certificate.trimEnd(), near: certificate.trimEnd().replace(/-----END.*/, "") },
    // The header must be JSON with an algorithm.
    jwt: { text: jwt, near: `${json({ typ: "JWT" })}.${json({ sub: "1" })}.${letters(43)}` },
    "aws-access-key": { text: "AKIA" + "ABCDEFGH234567AB", near: "AKIA" + "ABCDEFGH234567A1" },
    "aws-secret-key": assigned(
      "aws_secret_access_key = ",
      letters(40),
      `aws_secret_access_key = ${letters(41)}`,
    ),
    "github-token": withPrefix("ghp_", 36),
    "github-pat": {
      text: `github_pat_${letters(22)}_${letters(59)}`,
      near: `github_pat_${letters(22)}_${letters(58)}`,
    },
    "gitlab-token": withPrefix("glpat-", 20),
    "slack-token": { text: `xoxb-123456789012-${letters(24)}`, near: `xoxb-no-digits-${letters(24)}` },
    "google-api-key": withPrefix("AIza", 35),
    "stripe-key": withPrefix("sk_live_", 24),
    "npm-token": withPrefix("npm_", 36),
    "pypi-token": withPrefix("pypi-AgEI", 50),
    "vault-token": withPrefix("hvs.", 24),
    "sendgrid-key": { text: `SG.${letters(22)}.${letters(43)}`, near: `SG.${letters(22)}.${letters(42)}` },
    "azure-storage-key": assigned("AccountKey=", `${letters(86)}==`, `AccountKey=${letters(86)}`),
    "digitalocean-token": { text: `dop_v1_${hex(64)}`, near: `dop_v1_${hex(63)}g` },
    "anthropic-key": withPrefix("sk-ant-", 32),
    "openai-key": withPrefix("sk-proj-", 40),
    shadow: { text: `root:${hash}:19000:`, value: hash, near: `root:${hash.replace("$6$", "$4$")}:19000:` },
    "url-password": {
      text: "redis://app:s3cr3t-word@cache.internal:6379/0",
      value: "s3cr3t-word",
      near: "redis://app@cache.internal:6379/s3cr3t-word",
    },
    authorization: assigned("Authorization: Bearer ", letters(32), "Authorization: Bearer token"),
    environment: assigned("APP_SECRET=", "correct-horse", "app_SECRET=correct-horse"),
  };
}

describe("the rules for secrets", function () {
  this.timeout(120_000);

  it("each find their kind between noise, and leave alone what is nearly of it", async () => {
    const known = await samples();
    assert.deepEqual(new Set(Object.keys(known)), new Set(SECRET_RULES.map(({ id }) => id)));
    const between = Buffer.alloc(700);
    const placed = (text: string): readonly Buffer[] => [
      between,
      Buffer.from(text, "latin1"),
      Buffer.alloc(1),
    ];
    const found = await secretsIn(Buffer.concat(Object.values(known).flatMap(({ text }) => placed(text))));
    assert.deepEqual(
      found.map(({ rule, value }) => [rule.id, value]),
      Object.entries(known).map(([id, { text, value = text }]) => [id, value]),
    );
    const near = await secretsIn(Buffer.concat(Object.values(known).flatMap((each) => placed(each.near))));
    assert.deepEqual(
      near.map(({ rule, value }) => [rule.id, value]),
      [],
    );
  });

  it("each have a name, a source and a confidence", () => {
    for (const { id, name, source, confidence } of SECRET_RULES) {
      assert.ok(name.length > 3 && source.length > 3, id);
      assert.ok(["low", "medium", "high"].includes(confidence), id);
    }
  });

  it("find nothing in 16 MiB of noise", async () => {
    assert.deepEqual(await secretsIn(randomBytes(16 << 20)), []);
  });

  it("think little of URLs out of manuals", async () => {
    const urls = [
      "http://user:pass@host.internal/",
      "https://a:b@c.internal/",
      "ftp://joe:long-enough@ftp.example.com/x",
      "amqp://app:long-enough@mq.internal/",
    ];
    const found = await secretsIn(Buffer.from(urls.map((url) => `\0${url}\0`).join("")));
    assert.deepEqual(
      found.map(({ confidence }) => confidence),
      ["low", "low", "low", "medium"],
    );
  });
});
