// The client of the Model Context Protocol's SDK at a protected route: it is
// refused, finds out where tokens are had, registers itself there, and comes back
// with one. A person's part, log-in and consent, is played here.
import assert from "node:assert/strict";
import { auth, UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js";
import { withOAuth } from "@modelcontextprotocol/sdk/client/middleware.js";

const [resource, issuer] = process.argv.slice(2);
const redirectUrl = "http://127.0.0.1/callback";

// What an application keeps.
const kept = {};
const provider = {
  redirectUrl,
  clientMetadata: {
    client_name: "an MCP client",
    redirect_uris: [redirectUrl],
    grant_types: ["authorization_code"],
    response_types: ["code"],
    token_endpoint_auth_method: "none",
    application_type: "native",
  },
  clientInformation: () => kept.client,
  saveClientInformation: (client) => (kept.client = client),
  tokens: () => kept.tokens,
  saveTokens: (tokens) => (kept.tokens = tokens),
  codeVerifier: () => kept.verifier,
  saveCodeVerifier: (verifier) => (kept.verifier = verifier),
  redirectToAuthorization: (url) => (kept.url = url),
  discoveryState: () => kept.discovery,
  saveDiscoveryState: (state) => (kept.discovery = state),
};

const asked = [];
const fetchAndTell = async (input, init) => {
  const answer = await fetch(input, init);
  asked.push(`${answer.status} ${new URL(input).pathname}`);
  return answer;
};
const get = withOAuth(provider, resource)(fetchAndTell);

await assert.rejects(get(resource), (error) => {
  assert.ok(error instanceof UnauthorizedError);
  assert.match(error.message, /requires user authorization/);
  return true;
});
// Straight from the challenge: no place was tried in vain.
const metadata = `/.well-known/oauth-protected-resource${new URL(resource).pathname}`;
assert.deepEqual(asked.slice(0, 2), [`401 ${new URL(resource).pathname}`, `200 ${metadata}`]);
assert.equal(kept.url.origin, issuer);
assert.equal(kept.url.searchParams.get("resource"), resource);
assert.equal(kept.url.searchParams.get("scope"), "demo:read");

const authorizationCode = await logIn(kept.url);
const result = await auth(provider, { serverUrl: resource, authorizationCode });
assert.equal(result, "AUTHORIZED");

const answer = await get(resource);
assert.equal(answer.status, 200);
const claims = await answer.json();
assert.equal(claims.iss, issuer);
assert.equal(claims.sub, "alice");
assert.equal(claims.aud, resource);

/** What a person does in a browser: the code that comes of it. */
async function logIn(url) {
  const cookies = new Map();
  let form;
  for (let step = 0; step < 20; step++) {
    if (url.href.startsWith(redirectUrl)) {
      const code = url.searchParams.get("code");
      assert.ok(code, url.href);
      return code;
    }
    const cookie = [...cookies].map((pair) => pair.join("=")).join("; ");
    const method = form ? "POST" : "GET";
    const answer = await fetch(url, { method, body: form, headers: { cookie }, redirect: "manual" });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
      cookies.set(name, value);
    }
    form = undefined;
    const location = answer.headers.get("location");
    if (location) {
      url = new URL(location, url);
      continue;
    }
    const page = await answer.text();
    const action = page.match(/<form[^>]* action="([^"]+)"/)?.[1];
    const prompt = page.match(/name="prompt" value="([^"]+)"/)?.[1];
    assert.ok(action && prompt, page);
    url = new URL(action, url);
    form = new URLSearchParams({ prompt, login: "alice", password: "any" });
  }
  assert.fail("the log-in does not end");
}
