#!/usr/bin/env python3
"""Foreign programs and the demos: see README.md.

usage: run.py DEMO...
"""

import contextlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from processes import expect, first_line, free_port, running
from programs import Programs
from providers import Canaille, OidcProvider

HERE = Path(__file__).parent
# All that have a public half.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]
ALGORITHMS += ["ES256", "ES384", "ES512", "EdDSA"]


def main(demos):
    given = os.environ.get("PORTCULLIS_TEST_FOREIGN")
    with tempfile.TemporaryDirectory(prefix="portcullis-interop-") as folder:
        folder = Path(folder)
        place = Path(given).resolve() if given else folder / "programs"
        try:
            programs = Programs(place)
        except (OSError, subprocess.CalledProcessError) as error:
            if os.environ.get("PORTCULLIS_TEST_REQUIRE_SERVERS"):
                print(getattr(error, "stderr", ""), file=sys.stderr)
                raise
            print(f"skipped: the foreign programs cannot be installed: {error}")
            return
        try:
            try_all(demos, programs, folder)
        except BaseException:
            for log in sorted(folder.glob("*.log")):
                print(f"--- {log.name}\n{log.read_text()[-4000:]}", file=sys.stderr)
            raise


def try_all(demos, programs, folder):
    programs.run("keys.mjs", folder, *ALGORITHMS)
    with (
        OidcProvider.start(programs, folder) as oidc_provider,
        Canaille.start(programs, folder) as canaille,
    ):
        for demo in demos:
            name = Path(demo).name
            foreign_tokens_open(demo, oidc_provider, canaille, folder)
            print(f"{name} takes tokens of oidc-provider and Canaille")
            mcp_finds_the_way(demo, oidc_provider, programs, folder)
            print(f"{name} shows the MCP SDK's client the way to oidc-provider")
            our_tokens_are_taken(demo, programs, folder)
            print(f"{name} is understood by openid-client, jose, PyJWT and joserfc")


@contextlib.contextmanager
def demo_running(demo, folder, *options, port=0):
    """A demo, and where it is."""
    command = [demo, "--store=memory:", f"--listen=127.0.0.1:{port}", *options]
    with running(command, folder / f"{Path(demo).name}.log") as process:
        yield first_line(process).removeprefix("listening on ")


def foreign_tokens_open(demo, oidc_provider, canaille, folder):
    resource = "https://api.example"
    trusted = [f"--trust={oidc_provider.issuer}={resource}"]
    trusted += [f"--trust={canaille.issuer}={client}" for client, _ in canaille.clients.values()]
    with demo_running(demo, folder, *trusted) as base:
        token = oidc_provider.token(resource)
        claims = expect(200, f"{base}/me", bearer=token)
        assert (claims["iss"], claims["sub"]) == (oidc_provider.issuer, "machine"), claims
        expect(200, f"{base}/scoped/read", bearer=token)
        for algorithm in canaille.ALGORITHMS:
            token = canaille.token(algorithm)
            claims = expect(200, f"{base}/me", bearer=token)
            assert (claims["iss"], claims["sub"]) == (canaille.issuer, canaille.USER), claims
            expect(403, f"{base}/scoped/read", bearer=token)
        for refused in (oidc_provider.token("https://other.example"), forge(token)):
            expect(401, f"{base}/me", bearer=refused)
    # Nobody is taken who is not named.
    with demo_running(demo, folder, f"--trust={canaille.issuer}=nobody") as base:
        expect(401, f"{base}/me", bearer=oidc_provider.token(resource))
        expect(401, f"{base}/me", bearer=token)


def mcp_finds_the_way(demo, oidc_provider, programs, folder):
    port = free_port()
    resource = f"http://127.0.0.1:{port}/me"
    options = [f"--trust={oidc_provider.issuer}={resource}", f"--resource={resource}"]
    with demo_running(demo, folder, *options, port=port):
        programs.run("mcp.mjs", resource, oidc_provider.issuer)


def our_tokens_are_taken(demo, programs, folder):
    with contextlib.ExitStack() as demos:
        issuers = []
        for algorithm in ALGORITHMS:
            port = free_port()
            issuer = f"http://127.0.0.1:{port}"
            options = [f"--signing-key={folder / algorithm}.jwk", f"--issuer={issuer}"]
            demos.enter_context(demo_running(demo, folder, *options, port=port))
            issuers.append(f"{algorithm}={issuer}")
        tokens = programs.run("verify.mjs", *issuers)
        assert len(tokens.splitlines()) == len(ALGORITHMS), tokens
        subprocess.run([programs.python, HERE / "verify.py"], input=tokens, text=True, check=True)


def forge(token):
    """The same token with another signature."""
    head, _, signature = token.rpartition(".")
    other = "B" if signature[9] == "A" else "A"
    return f"{head}.{signature[:9]}{other}{signature[10:]}"


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1:])
