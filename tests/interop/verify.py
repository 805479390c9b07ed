"""Tokens of the demos by PyJWT and joserfc: a line of JSON for each on the input."""

import json
import sys
import urllib.request

import jwt
from joserfc import jwt as joserfc_jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet

AUDIENCE = "fastapi-users:auth"


def fetch(url):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return json.load(opener.open(url))


def forge(token):
    """The same token with another signature."""
    head, _, signature = token.rpartition(".")
    other = "B" if signature[9] == "A" else "A"
    return f"{head}.{signature[:9]}{other}{signature[10:]}"


def pyjwt(algorithm, issuer, keys, token):
    key = jwt.PyJWKClient(keys).get_signing_key_from_jwt(token)
    expected = {"algorithms": [algorithm], "audience": AUDIENCE, "issuer": issuer}
    assert jwt.decode(token, key, **expected)["user_id"] == "alice"
    try:
        jwt.decode(forge(token), key, **expected)
    except jwt.InvalidSignatureError:
        return
    raise AssertionError("PyJWT takes a forged token")


def joserfc(algorithm, issuer, keys, token):
    keys = KeySet.import_key_set(fetch(keys))
    claims = joserfc_jwt.decode(token, keys, algorithms=[algorithm]).claims
    registry = joserfc_jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": AUDIENCE},
        exp={"essential": True},
        user_id={"essential": True, "value": "alice"},
    )
    registry.validate(claims)
    try:
        joserfc_jwt.decode(forge(token), keys, algorithms=[algorithm])
    except BadSignatureError:
        return
    raise AssertionError("joserfc takes a forged token")


for line in sys.stdin:
    case = json.loads(line)
    issuer = case["issuer"]
    keys = fetch(f"{issuer}/.well-known/openid-configuration")["jwks_uri"]
    for verify in (pyjwt, joserfc):
        verify(case["algorithm"], issuer, keys, case["token"])
