"""The lab's OAuth2 provider: npm's certified oidc-provider on http://localhost:PORT."""

from __future__ import annotations

import json
import re
import secrets
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests

from tests.support.lab.clients import SCOPES, Client, make_clients
from tests.support.lab.process import Process
from tests.support.lab.requirements import oidc_provider, require_programs

DOMAIN = "lab.test"
ACCESS_TOKEN_SECONDS = 3600
_PROGRAM = Path(__file__).with_name("provider.mjs")


@dataclass(slots=True, kw_only=True)
class Provider:
    """A provider that runs. Any user name signs in with any password; USER means USER@lab.test."""

    issuer: str
    clients: dict[str, Client]
    ca: Path
    rotates: bool
    folder: Path
    process: Process = field(repr=False)

    @classmethod
    def start(cls, run, pki, name, *, rotate):
        """Start one; with `rotate` each refresh answers with a new refresh token and ends the old
        one, and using an ended one ends the whole grant (RFC 9700, 4.14.2)."""
        require_programs("node")
        folder = run.folder / name
        folder.mkdir()
        clients = make_clients()
        (folder / "events").touch()
        _write_lifetime(folder, ACCESS_TOKEN_SECONDS)
        settings = folder / "settings.json"
        settings.touch(mode=0o600)
        settings.write_text(json.dumps(_settings(folder, clients, rotate=rotate)))
        process = run.start(name, ["node", str(_PROGRAM), str(settings)])
        process.wait_until(lambda: _issuer(process) is not None)
        return cls(
            issuer=_issuer(process) or "",
            clients=clients,
            ca=pki.ca,
            rotates=rotate,
            folder=folder,
            process=process,
        )

    @property
    def authorization_url(self):
        """Where a person signs in."""
        return f"{self.issuer}/auth"

    @property
    def token_url(self):
        """Where codes and refresh tokens are exchanged."""
        return f"{self.issuer}/token"

    @property
    def device_authorization_url(self):
        """RFC 8628."""
        return f"{self.issuer}/device/auth"

    @property
    def revocation_url(self):
        """RFC 7009."""
        return f"{self.issuer}/token/revocation"

    @property
    def introspection_url(self):
        """RFC 7662, with Dovecot's credentials. Not localhost: Dovecot's own resolver takes 5 s."""
        dovecot = self.clients["dovecot"]
        scheme, _, port = self.issuer.partition("://localhost:")
        credentials = f"{dovecot.client_id}:{dovecot.secret}"
        return f"{scheme}://{credentials}@127.0.0.1:{port}/token/introspection"

    @contextmanager
    def access_tokens_living(self, seconds):
        """The access tokens issued in this block expire after `seconds`."""
        _write_lifetime(self.folder, seconds)
        try:
            yield
        finally:
            _write_lifetime(self.folder, ACCESS_TOKEN_SECONDS)

    def revoke(self, token, client="native"):
        """Revoke a token; a refresh token takes its whole grant with it, access tokens too."""
        answer = self.post(self.revocation_url, self.clients[client], {"token": token})
        answer.raise_for_status()

    def introspect(self, token):
        """What the provider tells Dovecot about a token."""
        with self.session() as session:
            answer = session.post(self.introspection_url, data={"token": token}, timeout=10)
        answer.raise_for_status()
        return dict(answer.json())

    def refresh(self, refresh_token, client="native"):
        """The bare answer to a refresh, good or not."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return self.post(self.token_url, self.clients[client], form)

    def sign_in(self, user, client="native", scope=SCOPES):
        """A token answer for `user` by plain HTTP: for tests that need a token and no browser."""
        from tests.support.lab.sign_in import sign_in

        return sign_in(self, user, self.clients[client], scope)

    def events(self, name=""):
        """What happened here so far, oldest first; the names are oidc-provider's."""
        lines = (self.folder / "events").read_text().splitlines()
        return [event for event in map(json.loads, lines) if name in ("", event["event"])]

    def post(self, url, client, form):
        """Post a form, authenticated as `client` the way it is registered."""
        if client.method == "client_secret_basic":
            auth = (client.client_id, client.secret or "")
        else:
            auth = None
            secret = {"client_secret": client.secret} if client.secret else {}
            form = {**form, "client_id": client.client_id, **secret}
        with self.session() as session:
            return session.post(url, data=form, auth=auth, timeout=10)

    def session(self):
        """A session that trusts the lab's CA, whatever REQUESTS_CA_BUNDLE and proxies say."""
        session = requests.Session()
        session.trust_env = False
        session.verify = str(self.ca)
        return session


def _settings(folder, clients, *, rotate):
    return {
        "oidc_provider": str(oidc_provider()),
        "clients": [client.metadata() for client in clients.values()],
        "domain": DOMAIN,
        "rotate": rotate,
        "lifetimes": str(folder / "lifetimes.json"),
        "events": str(folder / "events"),
        "cookie_key": secrets.token_hex(16),
    }


def _write_lifetime(folder, seconds):
    written = folder / "lifetimes.new"
    written.write_text(json.dumps({"access_token": seconds}))
    written.replace(folder / "lifetimes.json")


def _issuer(process):
    ready = re.search(r"^ready (\S+)$", process.log.read_text(), re.MULTILINE)
    return ready[1] if ready else None
