"""SMTP from this machine: sign in, or send a test email; the same conversation as on the hosts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from provisioner.ca_file import ca_certificates
from provisioner.mail.conversation import host_code
from provisioner.mail.test_message import test_message
from provisioner.secret import Secret
from provisioner.text import redact

_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpAccount:
    """Where and as whom to sign in. `secret`: the password, or the access token under oauth2.

    `implicit_tls`: TLS from the first byte; None means on port 465, as MAPS does it.
    """

    host: str
    port: int
    use_tls: bool
    smtp_security_level: str
    user_name: str | None = None
    secret: Secret | None = None
    client_name: str | None = None
    ca_file: Path | None = None
    implicit_tls: bool | None = None

    def revealed(self) -> dict[str, Any]:
        """The account as the conversation wants it."""
        return {
            "host": self.host,
            "port": self.port,
            "use_tls": self.use_tls,
            "smtp_security_level": self.smtp_security_level,
            "user_name": self.user_name,
            "secret": self.secret.reveal() if self.secret else None,
            "client_name": self.client_name,
            "ca_file": str(self.ca_file) if self.ca_file else None,
            "implicit_tls": self.implicit_tls,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpResult:
    """How a conversation ended. No field holds a secret.

    outcome: sent, authenticated, wrong, unreachable, inconclusive or unprovable (a security level
    that only MAPS speaks); stage: resolve, connect, tls, greeting, ehlo, starttls, auth, mail,
    rcpt or data. `challenge` is the provider's own error from its 334 (RFC 7628 section 3.2.2).
    `transcript`: what both sides said, line by line, with *** in place of a sign-in.
    """

    outcome: str
    stage: str
    code: int | None = None
    enhanced: str | None = None
    reply: str = ""
    mechanism: str | None = None
    tls: str | None = None
    challenge: Mapping[str, str] | None = None
    message_id: str | None = None
    seconds: float = 0.0
    transcript: Sequence[str] = ()

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> SmtpResult:
        """From what converse() said, here or on a host; other keys are passed over."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in facts.items() if name in known})


def check_login(account: SmtpAccount, *, timeout: float = _TIMEOUT_SECONDS) -> SmtpResult:
    """Sign in and nothing else. `timeout`: seconds for each step."""
    return _conversed(account, None, timeout)


def send_test_email(
    account: SmtpAccount,
    sender: str,
    recipient: str,
    run_id: str,
    *,
    server_name: str = "",
    timeout: float = _TIMEOUT_SECONDS,
) -> SmtpResult:
    """Send a real mail that says what it is. `timeout`: seconds for each step."""
    message = test_message(
        server_name=server_name or account.host,
        host=account.host,
        port=account.port,
        sender=sender,
        recipient=recipient,
        run_id=run_id,
    )
    return _conversed(account, message, timeout)


def _conversed(
    account: SmtpAccount, message: Mapping[str, Any] | None, timeout: float
) -> SmtpResult:
    """The server may echo any secret of this run, not only that of the account."""
    if account.ca_file:
        ca_certificates(account.ca_file)  # a pipe, say, would never end for the conversation
    facts = host_code("maps_conversation").converse(account.revealed(), message, timeout)
    result = SmtpResult.from_facts(facts)
    challenge = result.challenge and {k: redact(str(v)) for k, v in result.challenge.items()}
    transcript = [redact(line) for line in result.transcript]
    return replace(result, reply=redact(result.reply), challenge=challenge, transcript=transcript)
