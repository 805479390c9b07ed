// From an issuer's name to verified claims, by openid-client and jose. Of each
// issuer that is named prints a token.
import assert from "node:assert/strict";
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import * as client from "openid-client";

const audience = "fastapi-users:auth";

for (const argument of process.argv.slice(2)) {
  const [algorithm, issuer] = argument.split("=", 2);
  let token;
  for (const form of ["oidc", "oauth2"]) {
    const config = await client.discovery(
      new URL(issuer),
      "demo-app",
      undefined,
      client.ClientSecretBasic("demo-secret"),
      { algorithm: form, execute: [client.allowInsecureRequests] },
    );
    assert.equal(config.serverMetadata().issuer, issuer);
    const tokens = await client.genericGrantRequest(config, "password", {
      username: "alice",
      password: "wonderland",
      scope: "demo:read",
    });
    token = tokens.access_token;
    assert.equal(decodeProtectedHeader(token).alg, algorithm);

    const keys = createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri));
    const expected = { issuer, audience, algorithms: [algorithm] };
    const { payload } = await jwtVerify(token, keys, expected);
    assert.equal(payload.user_id, "alice");
    const other = jwtVerify(token, keys, { ...expected, audience: "another" });
    await assert.rejects(other, { code: "ERR_JWT_CLAIM_VALIDATION_FAILED" });
    const forged = jwtVerify(forge(token), keys, expected);
    await assert.rejects(forged, { code: "ERR_JWS_SIGNATURE_VERIFICATION_FAILED" });
  }
  console.log(JSON.stringify({ algorithm, issuer, token }));
}

/** The same token with another signature. */
function forge(token) {
  const place = token.lastIndexOf(".") + 10;
  const other = token[place] === "A" ? "B" : "A";
  return token.slice(0, place) + other + token.slice(place + 1);
}
