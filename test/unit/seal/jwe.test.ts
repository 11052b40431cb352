import assert from "node:assert/strict";
import { parseJwk, parseKeys } from "../../../src/seal/index.ts";
import type { Key } from "../../../src/seal/index.ts";
import { concatKdf } from "../../../src/seal/jwe/algorithms.ts";
import { jweNeeds, openJwe, readJwe } from "../../../src/seal/jwe/index.ts";

const numberOf = (text: string): bigint => BigInt(`0x${Buffer.from(text, "base64url").toString("hex")}`);

function textOf(value: bigint): string {
  const hex = value.toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex").toString("base64url");
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (
    let square = base % modulus, rest = exponent;
    rest > 0n;
    rest >>= 1n, square = (square * square) % modulus
  )
    if (rest & 1n) result = (result * square) % modulus;
  return result;
}

/** A JWK with the numbers that follow from n, d and p. */
function rsaJwk(n: string, d: string, p: string): Record<string, string> {
  const [N, D, P] = [numberOf(n), numberOf(d), numberOf(p)];
  const Q = N / P;
  return {
    kty: "RSA",
    n,
    e: "AQAB",
    d,
    p,
    q: textOf(Q),
    dp: textOf(D % (P - 1n)),
    dq: textOf(D % (Q - 1n)),
    qi: textOf(power(Q, P - 2n, P)),
  };
}

/** RFC 7516, A.1.3. */
const A1_KEY = rsaJwk(
  "oahUIoWw0K0usKNuOR6H4wkf4oBUXHTxRvgb48E-BVvxkeDNjbC4he8rUWcJoZmds2h7M70imEVhRU5djINXtqllXI4DFqcI1DgjT9LewND8MW2Krf3Spsk_ZkoFnilakGygTwpZ3uesH-PFABNIUYpOiN15dsQRkgr0vEhxN92i2asbOenSZeyaxziK72UwxrrKoExv6kc5twXTq4h-QChLOln0_mtUZwfsRaMStPs6mS6XrgxnxbWhojf663tuEQueGC-FCMfra36C9knDFGzKsNa7LZK2djYgyD3JR_MB_4NUJW_TqOQtwHYbxevoJArm-L5StowjzGy-_bq6Gw",
  "kLdtIj6GbDks_ApCSTYQtelcNttlKiOyPzMrXHeI-yk1F7-kpDxY4-WY5NWV5KntaEeXS1j82E375xxhWMHXyvjYecPT9fpwR_M9gV8n9Hrh2anTpTD93Dt62ypW3yDsJzBnTnrYu1iwWRgBKrEYY46qAZIrA2xAwnm2X7uGR1hghkqDp0Vqj3kbSCz1XyfCs6_LehBwtxHIyh8Ripy40p24moOAbgxVw3rxT_vlt3UVe4WO3JkJOzlpUf-KTVI2Ptgm-dARxTEtE-id-4OJr0h-K-VFs3VSndVTIznSxfyrj8ILL6MG_Uv8YAu7VILSB3lOW085-4qE3DzgrTjgyQ",
  "1r52Xk46c-LsfB5P442p7atdPUrxQSy4mti_tZI3Mgf2EuFVbUoDBvaRQ-SWxkbkmoEzL7JXroSBjSrK3YIQgYdMgyAEPTPjXv_hI2_1eTSPVZfzL0lffNn03IXqWF5MDFuoUYE0hzb2vhrlN_rKrbfDIwUbTrjjgieRbwC6Cl0",
);
const A1 = [
  "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ",
  "OKOawDo13gRp2ojaHV7LFpZcgV7T6DVZKTyKOMTYUmKoTCVJRgckCL9kiMT03JGeipsEdY3mx_etLbbWSrFr05kLzcSr4qKAq7YN7e9jwQRb23nfa6c9d-StnImGyFDbSv04uVuxIp5Zms1gNxKKK2Da14B8S4rzVRltdYwam_lDp5XnZAYpQdb76FdIKLaVmqgfwX7XWRxv2322i-vDxRfqNzo_tETKzpVLzfiwQyeyPGLBIO56YJ7eObdv0je81860ppamavo35UgoRdbYaBcoh9QcfylQr66oc6vFWXRcZ_ZT2LawVCWTIy3brGPi6UklfCpIMfIjf7iGdXKHzg",
  "48V1_ALb6US04U3b",
  "5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX_EFShS8iB7j6jiSdiwkIr3ajwQzaBtQD_A",
  "XFBoMYUZodetZdvTiFvSkQ",
].join(".");

describe("JWE", () => {
  it("opens RFC 7516's example A.1: RSA-OAEP and AES-256-GCM", () => {
    const jwe = readJwe(A1);
    assert(jwe);
    assert.deepEqual(jweNeeds(jwe), ["RSA private key (RSA-OAEP)"]);
    const opened = openJwe(jwe, [parseJwk(A1_KEY, "a1.jwk")]);
    assert.equal(
      Buffer.from(opened?.plaintext ?? []).toString(),
      "The true sign of intelligence is not knowledge but imagination.",
    );
  });

  it("opens RFC 7516's example A.3: AES key wrap and AES-128-CBC with HMAC, in all three forms", () => {
    const key: Key = {
      kind: "raw",
      name: "a3",
      bytes: Buffer.from("GawgguFyGrWKav7AX4VKUg", "base64url"),
    };
    const compact =
      "eyJhbGciOiJBMTI4S1ciLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0." +
      "6KB707dM9YTIgHtLvtgWQ8mKwboJW3of9locizkDTHzBC2IlrT1oOQ." +
      "AxY8DCtDaGlsbGljb3RoZQ.KDlTtXchhZTGufMYmOYGS4HffxPSUrfmqCHXaI9wOGY.U0m_YmjN04DJvceFICbCVQ";
    const [head, encryptedKey, iv, ciphertext, tag] = compact.split(".");
    const flattened = { protected: head, encrypted_key: encryptedKey, iv, ciphertext, tag };
    // With a first recipient that the key is not for.
    const general = {
      protected: head,
      recipients: [{ encrypted_key: "AAAA" }, { encrypted_key: encryptedKey }],
      iv,
      ciphertext,
      tag,
    };
    for (const text of [compact, JSON.stringify(flattened), JSON.stringify(general)]) {
      const jwe = readJwe(text);
      assert(jwe);
      assert.equal(Buffer.from(openJwe(jwe, [key])?.plaintext ?? []).toString(), "Live long and prosper.");
      for (const part of ["iv", "ciphertext", "tag", "associated"] as const) {
        const bytes: Buffer = Buffer.from(jwe[part]);
        bytes[0] = (bytes[0] ?? 0) ^ 1;
        assert.equal(openJwe({ ...jwe, [part]: bytes }, [key]), undefined, part);
      }
    }
  });

  it("opens RFC 7516's examples A.2 and A.4: RSA PKCS #1 v1.5, and two recipients in general form", () => {
    const a2 = parseJwk(
      rsaJwk(
        "sXchDaQebHnPiGvyDOAT4saGEUetSyo9MKLOoWFsueri23bOdgWp4Dy1WlUzewbgBHod5pcM9H95GQRV3JDXboIRROSBigeC5yjU1hGzHHyXss8UDprecbAYxknTcQkhslANGRUZmdTOQ5qTRsLAt6BTYuyvVRdhS8exSZEy_c4gs_7svlJJQ4H9_NxsiIoLwAEk7-Q3UXERGYw_75IDrGA84-lA_-Ct4eTlXHBIY2EaV7t7LjJaynVJCpkv4LKjTTAumiGUIuQhrNhZLuF_RJLqHpM2kgWFLU7-VTdL1VbC2tejvcI2BlMkEpk1BzBZI0KQB0GaDWFLN-aEAw3vRw",
        "VFCWOqXr8nvZNyaaJLXdnNPXZKRaWCjkU5Q2egQQpTBMwhprMzWzpR8Sxq1OPThh_J6MUD8Z35wky9b8eEO0pwNS8xlh1lOFRRBoNqDIKVOku0aZb-rynq8cxjDTLZQ6Fz7jSjR1Klop-YKaUHc9GsEofQqYruPhzSA-QgajZGPbE_0ZaVDJHfyd7UUBUKunFMScbflYAAOYJqVIVwaYR5zWEEceUjNnTNo_CVSj-VvXLO5VZfCUAVLgW4dpf1SrtZjSt34YLsRarSb127reG_DUwg9Ch-KyvjT1SkHgUWRVGcyly7uvVGRSDwsXypdrNinPA4jlhoNdizK2zF2CWQ",
        "9gY2w6I6S6L0juEKsbeDAwpd9WMfgqFoeA9vEyEUuk4kLwBKcoe1x4HG68ik918hdDSE9vDQSccA3xXHOAFOPJ8R9EeIAbTi1VwBYnbTp87X-xcPWlEPkrdoUKW60tgs1aNd_Nnc9LEVVPMS390zbFxt8TN_biaBgelNgbC95sM",
      ),
      "a2.jwk",
    );
    const a3: Key = { kind: "raw", name: "a3", bytes: Buffer.from("GawgguFyGrWKav7AX4VKUg", "base64url") };
    const forA2 =
      "UGhIOguC7IuEvf_NPVaXsGMoLOmwvc1GyqlIKOK1nN94nHPoltGRhWhw7Zx0-kFm1NJn8LE9XShH59_i8J0PH5ZZyNfGy2xGdULU7sHNF6Gp2vPLgNZ__deLKxGHZ7PcHALUzoOegEI-8E66jX2E4zyJKx-YxzZIItRzC5hlRirb6Y5Cl_p-ko3YvkkysZIFNPccxRU7qve1WYPxqbb2Yw8kZqa2rMWI5ng8OtvzlV7elprCbuPhcCdZ6XDP0_F8rkXds2vE4X-ncOIM8hAYHHi29NX0mcKiRaD0-D-ljQTP-cFPgwCp6X-nZZd9OHBv-B3oWh2TbqmScqXMR4gp_A";
    const [iv, ciphertext] = ["AxY8DCtDaGlsbGljb3RoZQ", "KDlTtXchhZTGufMYmOYGS4HffxPSUrfmqCHXaI9wOGY"];
    const compact = `eyJhbGciOiJSU0ExXzUiLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0.${forA2}.${iv}.${ciphertext}.9hH0vgRfYgPnAHOd8stkvw`;
    const general = JSON.stringify({
      protected: "eyJlbmMiOiJBMTI4Q0JDLUhTMjU2In0",
      unprotected: { jku: "https://server.example.com/keys.jwks" },
      recipients: [
        { header: { alg: "RSA1_5", kid: "2011-04-29" }, encrypted_key: forA2 },
        {
          header: { alg: "A128KW", kid: "7" },
          encrypted_key: "6KB707dM9YTIgHtLvtgWQ8mKwboJW3of9locizkDTHzBC2IlrT1oOQ",
        },
      ],
      iv,
      ciphertext,
      tag: "Mz-VPPyU4RlcuYv1IwIvzw",
    });
    for (const [text, key] of [
      [compact, a2],
      [general, a2],
      [general, a3],
    ] as const) {
      const jwe = readJwe(text);
      assert(jwe);
      assert.equal(Buffer.from(openJwe(jwe, [key])?.plaintext ?? []).toString(), "Live long and prosper.");
      // A padding that is wrong takes the way of a content that is: nothing is said of either.
      const recipients = jwe.recipients.map((each) => ({
        ...each,
        encryptedKey: Buffer.alloc(each.encryptedKey.length, 1),
      }));
      assert.equal(openJwe({ ...jwe, recipients }, [key]), undefined);
    }
    const jwe = readJwe(general);
    assert.deepEqual(jwe && jweNeeds(jwe), [
      "RSA private key (RSA1_5, key id 2011-04-29)",
      "symmetric key (A128KW, key id 7)",
    ]);
  });

  it("agrees on the key of RFC 7518, appendix C", () => {
    const bob = parseJwk(
      {
        kty: "EC",
        crv: "P-256",
        x: "weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ",
        y: "e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck",
        d: "VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw",
      },
      "bob.jwk",
    );
    assert(bob.kind === "ec");
    const secret = bob.agree({
      kty: "EC",
      crv: "P-256",
      x: "gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0",
      y: "SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps",
    });
    assert(secret);
    const header = { apu: "QWxpY2U", apv: "Qm9i" };
    assert.deepEqual(
      [...concatKdf(secret, header, "A128GCM", 16)],
      [86, 170, 141, 234, 248, 35, 109, 32, 92, 34, 40, 205, 113, 167, 16, 26],
    );
    assert.equal(bob.agree({ kty: "EC", crv: "P-384", x: "AA", y: "AA" }), undefined);
    // Not on the curve.
    assert.equal(bob.agree({ kty: "EC", crv: "P-256", x: "AQ", y: "AQ" }), undefined);
  });

  it("that is none, or asks for what isn't known, is not read", async () => {
    for (const text of ["", "{}", "a.b.c", "[1]", '{"protected":"!!"}', '{"protected":"e30"}'])
      assert.equal(readJwe(text), undefined, text);
    const zipped = Buffer.from('{"alg":"dir","enc":"A256GCM","zip":"DEF"}').toString("base64url");
    assert.equal(readJwe(JSON.stringify({ protected: zipped })), undefined);
    const [key] = await parseKeys(Buffer.alloc(32, 7), "raw.bin");
    assert.deepEqual(key && [key.kind, key.name], ["raw", "raw.bin"]);
  });
});
