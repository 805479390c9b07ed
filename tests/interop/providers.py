"""Two identity providers, run as their makers ship them."""

import contextlib
import os
import subprocess
from pathlib import Path

from processes import expect, first_line, free_port, running, wait_until_open

HERE = Path(__file__).parent


class OidcProvider:
    """`oidc-provider` (npm), with JWT access tokens by its resource indicators."""

    def __init__(self, issuer):
        self.issuer = issuer

    @classmethod
    @contextlib.contextmanager
    def start(cls, programs, folder):
        command = programs.script("oidc-provider.mjs")
        with running(command, folder / "oidc-provider.log") as process:
            yield cls(first_line(process))

    def token(self, resource, scope="demo:read"):
        """An access token for a resource."""
        form = {
            "grant_type": "client_credentials",
            "resource": resource,
            "scope": scope,
        }
        basic = ("machine", "the-secret-of-a-machine")
        return expect(200, f"{self.issuer}/token", form=form, basic=basic)["access_token"]


class Canaille:
    """Canaille (PyPI) with its own command, on SQLite, with a user and clients that
    have registered themselves. Its access tokens are for the client that got them."""

    USER = "alice"
    PASSWORD = "the password of alice"
    # The key of RSA has no `alg` and signs with all of them.
    ALGORITHMS = ["RS256", "RS512", "PS256", "EdDSA", "Ed25519"]

    def __init__(self, issuer):
        self.issuer = issuer
        self.clients = {name: self._register(name) for name in self.ALGORITHMS}

    @classmethod
    @contextlib.contextmanager
    def start(cls, programs, folder):
        command = str(programs.canaille)
        port = free_port()
        environment = {
            "CANAILLE_CONFIG": str(HERE / "canaille.toml"),
            "CANAILLE_SQL__DATABASE_URI": f"sqlite:///{folder / 'canaille.db'}",
            "SECRET_KEY": "a secret of tests",
            "SERVER_NAME": f"127.0.0.1:{port}",
            "PREFERRED_URL_SCHEME": "http",
        }
        log = folder / "canaille.log"
        user = ["--user-name", cls.USER, "--password", cls.PASSWORD]
        user += ["--family-name", "Liddell", "--emails", "alice@example.com"]
        for arguments in (["install"], ["create", "user", *user]):
            with open(log, "ab") as output:
                subprocess.run(
                    [command, *arguments],
                    env=os.environ | environment,
                    stdout=output,
                    stderr=output,
                    check=True,
                )
        serve = [command, "run", "--bind", f"127.0.0.1:{port}"]
        with running(serve, log, **environment) as process:
            wait_until_open(port, process)
            yield cls(f"http://127.0.0.1:{port}")

    def _register(self, algorithm):
        body = {
            "client_name": f"demo {algorithm}",
            "grant_types": ["password"],
            "response_types": [],
            "redirect_uris": ["http://127.0.0.1/"],
            "token_endpoint_auth_method": "client_secret_basic",
            "scope": "openid profile",
            "id_token_signed_response_alg": algorithm,
        }
        client = expect(201, f"{self.issuer}/oauth/register", body=body)
        return client["client_id"], client["client_secret"]

    def token(self, algorithm):
        """An access token of alice."""
        form = {
            "grant_type": "password",
            "username": self.USER,
            "password": self.PASSWORD,
            "scope": "openid profile",
        }
        url = f"{self.issuer}/oauth/token"
        return expect(200, url, form=form, basic=self.clients[algorithm])["access_token"]
