// Loads the module and has it verify tokens that Node itself signed.
import assert from 'node:assert/strict';
import { constants, createPrivateKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const keys = new URL('../../crates/portcullis-testing/keys/', import.meta.url);
const privateKey = (name) => createPrivateKey(readFileSync(new URL(`${name}.pem`, keys)));
const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };

const signers = {
  EdDSA: (input) => sign(null, input, privateKey('ed25519')),
  ES256: (input) => sign('sha256', input, { key: privateKey('p256'), dsaEncoding: 'ieee-p1363' }),
  RS256: (input) => sign('sha256', input, privateKey('rsa')),
  PS256: (input) => sign('sha256', input, { key: privateKey('rsa'), ...pss }),
};

const now = Date.now();
const claims = {
  iss: 'https://issuer.example',
  aud: 'https://api.example',
  sub: 'alice',
  iat: Math.floor(now / 1000),
  exp: Math.floor(now / 1000) + 900,
};

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const mint = (alg, more = {}) => {
  const input = `${encoded({ alg })}.${encoded({ ...claims, ...more })}`;
  return `${input}.${signers[alg](Buffer.from(input)).toString('base64url')}`;
};

const file = readFileSync(process.env.PORTCULLIS_WASM);
// Nothing is imported: the module has no clock and no randomness.
const { instance } = await WebAssembly.instantiate(file, {});
const { memory, token, verify, is_clock_asked_for: isClockAskedFor } = instance.exports;

function verdict(text, at = now) {
  const bytes = Buffer.from(text);
  new Uint8Array(memory.buffer, token(), bytes.length).set(bytes);
  return verify(bytes.length, at);
}

for (const alg of Object.keys(signers)) {
  test(`${alg} verifies until it expires`, () => {
    const good = mint(alg);
    assert.equal(verdict(good), 0);
    assert.equal(verdict(good, now + 3600_000), 1);
    assert.equal(verdict(good), 0);
    assert.equal(verdict(mint(alg, { aud: 'https://other.example' })), 2);
    const [header, payload, signature] = good.split('.');
    assert.equal(verdict(`${header}.${encoded({ ...claims, sub: 'bob' })}.${signature}`), 2);
    assert.equal(verdict(`${header}.${payload}.`), 2);
  });
}

test('without a clock there is no verifier', () => {
  assert.equal(isClockAskedFor(), 1);
});
