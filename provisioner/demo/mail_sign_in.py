"""The embedded mail server's side of a sign-in, with the replies that Dovecot gives."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NoReturn

from provisioner.secret import Secret

_REFUSED = "535 5.7.8 Authentication failed."


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """What an authority says of an access token."""

    active: bool
    user: str | None = None
    scopes: frozenset[str] = frozenset()


TokenCheck = Callable[[str], TokenFacts]


def no_token_is_good(_token: str) -> TokenFacts:
    """The check of a server that trusts no authority."""
    return TokenFacts(active=False)


@dataclass(frozen=True, slots=True)
class Introspection:
    """A TokenCheck that asks a provider (RFC 7662)."""

    url: str
    client_id: str
    client_secret: Secret

    def __call__(self, token: str) -> TokenFacts:
        import requests

        with requests.Session() as session:
            session.trust_env = False  # no proxy stands between two parts of one machine
            answer = session.post(
                self.url,
                data={"token": token},
                auth=(self.client_id, self.client_secret.reveal()),
                timeout=10,
            ).json()
        user = answer.get("username") or answer.get("email") or answer.get("sub")
        return TokenFacts(
            bool(answer.get("active")), user, frozenset(str(answer.get("scope", "")).split())
        )


class SignInRefused(Exception):
    """The reply that ends a sign-in which did not succeed."""

    def __init__(self, reply: str) -> None:
        super().__init__(reply)
        self.reply = reply


@dataclass(frozen=True, slots=True)
class SignIn:
    """One sign-in. `scope` is what a token must have."""

    mechanism: str
    check_token: TokenCheck
    passwords: Mapping[str, Secret]
    scope: str = "smtp"

    def run(self, initial: str, challenge: Callable[[str], str]) -> str:
        """The user who has signed in. `challenge` sends a 334 and returns the answer to it."""
        if self.mechanism == "LOGIN":
            return self._login(challenge)
        if self.mechanism == "CRAM-MD5":
            return self._cram_md5(challenge)
        response = _decoded(initial or challenge(""))
        if self.mechanism == "PLAIN":
            return self._plain(response)
        return self._bearer(response, challenge)

    def _bearer(self, response: str, challenge: Callable[[str], str]) -> str:
        user, token = _bearer_fields(response)
        facts = self.check_token(token)
        if not facts.active:
            self._refuse_bearer("401", "invalid_token", challenge)
        if self.scope not in facts.scopes:
            self._refuse_bearer("403", "insufficient_scope", challenge)
        if user.casefold() != (facts.user or "").casefold():
            raise SignInRefused(_REFUSED)
        return user

    def _refuse_bearer(self, number: str, word: str, challenge: Callable[[str], str]) -> NoReturn:
        """First the error as a challenge; the refusal comes after the client's answer to it."""
        status = word if self.mechanism == "OAUTHBEARER" else number
        error = {"schemes": "bearer", "status": status, "scope": self.scope}
        challenge(_encoded(json.dumps(error)))
        raise SignInRefused(_REFUSED)

    def _plain(self, response: str) -> str:
        _, _, credentials = response.partition("\0")
        user, _, password = credentials.partition("\0")
        return self._known(user, password)

    def _login(self, challenge: Callable[[str], str]) -> str:
        user = _decoded(challenge(_encoded("Username:")))
        return self._known(user, _decoded(challenge(_encoded("Password:"))))

    def _cram_md5(self, challenge: Callable[[str], str]) -> str:
        nonce = f"<{secrets.token_hex(8)}@localhost>"
        user, _, digest = _decoded(challenge(_encoded(nonce))).rpartition(" ")
        password = self.passwords.get(user)
        key = password.reveal() if password else secrets.token_hex(16)
        wanted = hmac.new(key.encode(), nonce.encode(), hashlib.md5).hexdigest()
        if not hmac.compare_digest(wanted, digest):
            raise SignInRefused(_REFUSED)
        return user

    def _known(self, user: str, password: str) -> str:
        if self.passwords.get(user) != Secret(password):
            raise SignInRefused(_REFUSED)
        return user


def _bearer_fields(response: str) -> tuple[str, str]:
    """User and token of XOAUTH2's or OAUTHBEARER's (RFC 7628 section 3.1) response."""
    user = re.search(r"^(?:user=|n,a=)([^\x01,]*)", response)
    token = re.search(r"\x01auth=Bearer ([^\x01]*)\x01", response, re.IGNORECASE)
    if not user or not token:
        raise SignInRefused("501 5.5.2 Invalid response")
    return user.group(1).replace("=2C", ",").replace("=3D", "="), token.group(1)


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")


def _decoded(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        raise SignInRefused("501 5.5.2 Invalid base64 data in initial response") from None
