"""What a person is told who is to sign in: where, as whom, and how the answer comes back."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass

from provisioner.model.email_server import EmailServer, OAuth2Settings
from provisioner.oauth.callback_certificate import CallbackCertificate


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """`url` is the authorization request, `redirect_uri` where the browser comes back to.

    `seconds` is how long; `opens_browser` and `takes_paste` say what is done for the person.
    """

    server: EmailServer
    settings: OAuth2Settings
    url: str
    redirect_uri: str
    certificate: CallbackCertificate | None
    seconds: float
    opens_browser: bool
    takes_paste: bool

    def lines(self) -> Iterator[str]:
        """For the terminal; the address holds the state and the challenge, and no secret."""
        account = self.settings.login_hint or self.server.user_name
        who = f" as {account}" if account else ""
        yield f"{self.server.server_name}: sign in{who} in the browser:"
        yield f"  {self.url}"
        if self.certificate:
            yield _certificate_line(self.certificate)
        if not self.opens_browser:
            yield "If that browser runs on another machine, run this there first:"
            yield f"  {tunnel(self.redirect_uri)}"
        if self.takes_paste:
            yield (
                "Or paste here the address on which the browser ends, even if it cannot connect "
                "there, and press Enter. It stays unseen. An error that the provider's page shows "
                "is explained if you paste it."
            )
        yield f"Waiting at {self.redirect_uri} for up to {self.seconds:g} s; Ctrl-C ends it."


def tunnel(redirect_uri: str) -> str:
    """The command that brings another machine's localhost here."""
    port = redirect_uri.rpartition(":")[2]
    return f"ssh -L {port}:localhost:{port} {socket.gethostname()}"


def _certificate_line(certificate: CallbackCertificate) -> str:
    if certificate.is_own:
        return (
            "The callback has your own certificate; its SHA-256 fingerprint is "
            f"{certificate.fingerprint}"
        )
    return (
        "The browser will warn of the callback's certificate, which was made for this "
        f"sign-in. Accept it if its SHA-256 fingerprint is {certificate.fingerprint}"
    )
