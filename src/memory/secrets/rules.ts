// What secrets look like: one row a kind. A row needs a text that all of its kind have (the anchor), and a regular
// expression over bytes that begins at or before it.
import type { WorkerRule } from "../search/pattern.ts";

/** How likely it is that what a rule finds is what it says. */
export type Confidence = "high" | "medium" | "low";

export interface SecretRule extends WorkerRule {
  /** The same for all anchors of one kind: `github-token`. */
  readonly id: string;
  readonly name: string;
  /** Who says that it looks like this. */
  readonly source: string;
  readonly confidence: Confidence;
  /** Group of the regular expression that is the secret; the whole match when not given. */
  readonly group?: number;
  /** Not a secret, but worth knowing of: shown unmasked. */
  readonly isPublic?: boolean;
}

interface Row extends Omit<SecretRule, "anchor" | "regex" | "before" | "maxLength"> {
  readonly anchors: readonly string[];
  readonly regex: RegExp;
  readonly before?: number;
  readonly maxLength?: number;
}

const TOKEN = 512;
const PEM = 16 * 1024;
const WORD = "[A-Za-z0-9_-]";

const ROWS: readonly Row[] = [
  {
    id: "private-key",
    name: "private key",
    source: "RFC 7468, OpenSSH PROTOCOL.key",
    confidence: "high",
    anchors: ["-----BEGIN "],
    regex:
      /-----BEGIN (?:(?:RSA|EC|DSA|OPENSSH|ENCRYPTED) )?PRIVATE KEY-----[\w+/=\r\n:,. -]{32,16000}?-----END (?:[A-Z]+ )?PRIVATE KEY-----/,
    maxLength: PEM,
  },
  {
    id: "pgp-private-key",
    name: "OpenPGP private key",
    source: "RFC 9580",
    confidence: "high",
    anchors: ["-----BEGIN PGP PRIVATE KEY BLOCK-----"],
    regex:
      /-----BEGIN PGP PRIVATE KEY BLOCK-----[\w+/=\r\n:,. ()<>@-]{32,16000}?-----END PGP PRIVATE KEY BLOCK-----/,
    maxLength: PEM,
  },
  {
    id: "age-identity",
    name: "age identity",
    source: "C2SP age.md",
    confidence: "high",
    anchors: ["AGE-SECRET-KEY-1"],
    regex: /AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}/,
  },
  {
    id: "certificate",
    name: "certificate",
    source: "RFC 7468",
    confidence: "high",
    isPublic: true,
    anchors: ["-----BEGIN CERTIFICATE-----"],
    regex: /-----BEGIN CERTIFICATE-----[\w+/=\r\n]{64,16000}?-----END CERTIFICATE-----/,
    maxLength: PEM,
  },
  {
    id: "jwt",
    name: "JSON Web Token",
    source: "RFC 7519",
    confidence: "high",
    anchors: ["eyJ"],
    // A header is a JSON object: its Base64 begins with eyJ, as that of the claims does.
    regex: new RegExp(`eyJ${WORD}{8,2000}\\.eyJ${WORD}{4,6000}\\.${WORD}{16,1400}`),
    maxLength: 10_000,
  },
  {
    id: "aws-access-key",
    name: "AWS access key id",
    source: "AWS IAM User Guide, unique identifiers",
    confidence: "high",
    anchors: ["AKIA", "ASIA"],
    regex: /(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Za-z0-9])/,
    before: 1,
  },
  {
    id: "aws-secret-key",
    name: "AWS secret access key",
    source: "AWS CLI User Guide, configuration files and environment",
    confidence: "high",
    group: 1,
    anchors: ["aws_secret_access_key", "AWS_SECRET_ACCESS_KEY"],
    regex:
      /(?:aws_secret_access_key|AWS_SECRET_ACCESS_KEY)["']?\s{0,4}[=:]\s{0,4}["']?([A-Za-z0-9+/]{40})(?![A-Za-z0-9+/=])/,
  },
  {
    id: "github-token",
    name: "GitHub token",
    source: "GitHub Docs, token formats",
    confidence: "high",
    anchors: ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"],
    regex: /gh[pousr]_[A-Za-z0-9]{36,251}/,
  },
  {
    id: "github-pat",
    name: "GitHub fine-grained token",
    source: "GitHub Docs, token formats",
    confidence: "high",
    anchors: ["github_pat_"],
    regex: /github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}/,
  },
  {
    id: "gitlab-token",
    name: "GitLab token",
    source: "GitLab Docs, token prefixes",
    confidence: "high",
    anchors: ["glpat-"],
    regex: new RegExp(`glpat-${WORD}{20,64}`),
  },
  {
    id: "slack-token",
    name: "Slack token",
    source: "Slack API, token types",
    confidence: "high",
    anchors: ["xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-"],
    regex: /xox[bpars]-[0-9]{6,16}-[A-Za-z0-9-]{10,200}/,
  },
  {
    id: "google-api-key",
    name: "Google API key",
    source: "Google Cloud, API keys",
    confidence: "high",
    anchors: ["AIza"],
    regex: new RegExp(`(?<![A-Za-z0-9])AIza${WORD}{35}(?!${WORD})`),
    before: 1,
  },
  {
    id: "stripe-key",
    name: "Stripe live key",
    source: "Stripe Docs, API keys",
    confidence: "high",
    anchors: ["k_live_"],
    regex: /[sr]k_live_[A-Za-z0-9]{24,247}/,
    before: 1,
  },
  {
    id: "npm-token",
    name: "npm token",
    source: "npm Docs, access tokens",
    confidence: "high",
    anchors: ["npm_"],
    regex: /npm_[A-Za-z0-9]{36}(?![A-Za-z0-9_])/,
  },
  {
    id: "pypi-token",
    name: "PyPI token",
    source: "PyPI, token formats",
    confidence: "high",
    anchors: ["pypi-AgEI"],
    regex: new RegExp(`pypi-AgEI${WORD}{50,400}`),
  },
  {
    id: "vault-token",
    name: "HashiCorp Vault token",
    source: "Vault Docs, token prefixes",
    confidence: "high",
    anchors: ["hvs."],
    regex: new RegExp(`hvs\\.${WORD}{24,300}`),
  },
  {
    id: "sendgrid-key",
    name: "SendGrid key",
    source: "SendGrid Docs, API keys",
    confidence: "high",
    anchors: ["SG."],
    regex: new RegExp(`SG\\.${WORD}{22}\\.${WORD}{43}`),
  },
  {
    id: "azure-storage-key",
    name: "Azure storage key",
    source: "Microsoft Learn, storage connection strings",
    confidence: "high",
    group: 1,
    anchors: ["AccountKey="],
    regex: /AccountKey=([A-Za-z0-9+/]{86}==)/,
  },
  {
    id: "digitalocean-token",
    name: "DigitalOcean token",
    source: "DigitalOcean Docs, access tokens",
    confidence: "high",
    anchors: ["dop_v1_"],
    regex: /dop_v1_[a-f0-9]{64}/,
  },
  {
    id: "anthropic-key",
    name: "Anthropic API key",
    source: "Anthropic Docs, API keys",
    confidence: "high",
    anchors: ["sk-ant-"],
    regex: new RegExp(`sk-ant-${WORD}{32,200}`),
  },
  {
    id: "openai-key",
    name: "OpenAI API key",
    source: "OpenAI Docs, API keys",
    confidence: "high",
    anchors: ["sk-proj-"],
    regex: new RegExp(`sk-proj-${WORD}{40,250}`),
  },
  {
    id: "shadow",
    name: "password hash",
    source: "shadow(5), crypt(5)",
    confidence: "high",
    group: 1,
    anchors: [":$"],
    regex: /[a-z_][a-z0-9_.-]{0,31}:(\$(?:1|2[abxy]|5|6|7|y|gy)\$[./A-Za-z0-9$=,]{16,200}):\d{0,7}:/,
    before: 32,
  },
  {
    id: "url-password",
    name: "password in a URL",
    source: "RFC 3986, userinfo",
    confidence: "medium",
    group: 1,
    anchors: ["://"],
    regex:
      /[a-zA-Z][a-zA-Z0-9+.-]{1,20}:\/\/[\w.%+~-]{0,64}:([^\s:@/"'<>\\{}%\x00-\x1f\x7f-\xff]{1,128})@[A-Za-z0-9[][\w.:-]{0,253}/,
    before: 21,
  },
  {
    id: "authorization",
    name: "HTTP credentials",
    source: "RFC 7617, RFC 6750",
    confidence: "medium",
    group: 1,
    anchors: ["uthorization: B"],
    regex: /[Aa]uthorization: (?:Bearer|Basic) ([A-Za-z0-9._~+/=-]{8,2000})/,
    before: 1,
    maxLength: 2100,
  },
  {
    id: "environment",
    name: "secret in the environment",
    source: "environ(7), by the variable's name",
    confidence: "medium",
    group: 1,
    anchors: ["PASSWORD=", "PASSWD=", "SECRET=", "TOKEN=", "API_KEY=", "SECRET_KEY=", "PRIVATE_KEY="],
    // A variable stands alone between NULs.
    regex: /(?<=\0)[A-Z][A-Z0-9_]{0,63}=([^\0\s%${}]{4,256})(?=\0)/,
    before: 65,
  },
];

/** Every rule, one for each anchor. */
export const SECRET_RULES: readonly SecretRule[] = ROWS.flatMap(
  ({ anchors, regex, before = 0, maxLength = TOKEN, ...row }) =>
    anchors.map((anchor) => ({ ...row, anchor, before, maxLength, regex: regex.source })),
);
