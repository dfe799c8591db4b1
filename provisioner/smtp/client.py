"""The test email: what a conversation is given, what it answers, and what that proves.

The conversation itself is playbooks/module_utils/maps_smtp.py: hosts hold it, and so does this
machine. Its facts are judged here, wherever they come from.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta, Struct

from provisioner.resources import playbooks_folder
from provisioner.secret import Secret
from provisioner.security_level import LEVELS
from provisioner.smtp.message import TestMessage, test_message
from provisioner.text import json_object, printable, redact

if TYPE_CHECKING:
    from provisioner.advice.explain import Advice
    from provisioner.model.email_server import EmailServer

Word = Annotated[str, Meta(max_length=200)]
Line = Annotated[str, Meta(max_length=1000)]
Reply = Annotated[str, Meta(max_length=12_000)]  # at most 20 lines of 500 characters

TIMEOUT_SECONDS = 30

_ONLY_OF_MAPS = {
    name for level in LEVELS.values() if level.only_in_maps for name in level.mechanisms
}

_BEFORE_LOGIN = frozenset(("resolve", "connect", "tls", "greeting", "ehlo", "starttls"))
# "5.4.5 daily limit" and "5.2.2 mailbox full" are said with 5yz, and pass in time.
_PASSING_IN_TIME = frozenset(("5.4.5", "5.2.2"))
# Microsoft's daily limits, the second also said of a mailbox that may not send as this sender:
# https://learn.microsoft.com/exchange/troubleshoot/send-emails/smtp-submission-improvements
_HELD = frozenset(((550, "5.1.90"), (554, "5.2.0")))
_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s+|$)", re.ASCII)


class SmtpAnswer(Struct, frozen=True, kw_only=True):
    """Facts of one conversation, from this machine or from a host.

    `done`: it came as far as it was to come (250 to the message; 235 to AUTH without one; 250 to
    EHLO without a sign-in). stage: resolve, connect, tls, greeting, ehlo, starttls, auth, mail,
    rcpt, data. A reply ended it (`code`, `reply`: its lines joined by LF, without their code), or
    something else did: `error` is one word for that, `about` what it is about. `challenge`: the
    text of the 334 in which a provider says why it refuses a token (RFC 7628 section 3.2.2).
    """

    done: bool
    stage: Word = ""
    code: Annotated[int, Meta(ge=100, le=599)] | None = None
    reply: Reply = ""
    error: Word | None = None
    about: Line | None = None
    reason: Word | None = None
    mechanism: Word | None = None
    tls: Word | None = None
    challenge: Annotated[str, Meta(max_length=4000)] | None = None
    transcript: Annotated[list[Line], Meta(max_length=60)] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpAccount:
    """Where and as whom to sign in. `secret`: the password, or the access token under oauth2.

    `placeholder` stands for a secret that only the host has, on which `ca_file` lies then, too.
    """

    host: str
    port: int
    use_tls: bool
    smtp_security_level: str
    user_name: str | None = None
    secret: Secret | None = None
    placeholder: str | None = None
    client_name: str | None = None
    ca_file: str | None = None

    @classmethod
    def of(
        cls, server: EmailServer, user_name: str | None, secret: Secret | None, ca_file: Path | None
    ) -> SmtpAccount:
        """How this machine signs in at the mail server that is declared."""
        return cls(
            host=server.host,
            port=server.port,
            use_tls=server.use_tls,
            smtp_security_level=str(server.smtp_security_level),
            user_name=user_name,
            secret=secret,
            client_name=server.client_name,
            ca_file=str(ca_file) if ca_file else None,
        )

    @property
    def mechanisms(self) -> list[str]:
        """Those to sign in with, best first; none: nobody signs in."""
        if self.smtp_security_level != "auto_detect":
            return [*LEVELS[self.smtp_security_level].mechanisms]
        if not self.user_name:
            return []
        return ["PLAIN", "LOGIN", "CRAM-MD5"] if self.use_tls else ["CRAM-MD5", "PLAIN", "LOGIN"]

    def operation(
        self, message: TestMessage | None, *, timeout: float = TIMEOUT_SECONDS
    ) -> dict[str, Any]:
        """The operation `smtp` that signs in and sends a message, if any. It holds the secret."""
        implicit = self.use_tls and self.port == 465  # as MAPS does it
        secret = self.secret.reveal() if self.secret else self.placeholder
        return {
            "op": "smtp",
            "host": self.host,
            "port": self.port,
            "tls": "implicit" if implicit else "starttls" if self.use_tls else "none",
            "ca_file": self.ca_file,
            "client_name": self.client_name,
            "mechanisms": self.mechanisms,
            "user": self.user_name if self.mechanisms else None,
            "secret": secret if self.mechanisms else None,
            "sender": message.sender if message else None,
            "recipient": message.recipient if message else None,
            "message": message.text if message else None,
            "timeout": timeout,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpResult:
    """What a conversation proves. No field holds a secret.

    outcome: sent, authenticated, wrong, unreachable, inconclusive or unverifiable (a security
    level that only MAPS speaks). `passing`: the same may go well in a minute, and nothing of it is
    done twice then. `challenge` is the provider's own error from its 334. `transcript`: what both
    sides said, with *** in place of a sign-in.
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
    passing: bool = False


@cache
def host_code(name: str) -> ModuleType:
    """A file of playbooks/module_utils: maps_smtp (smtp, post), maps_masking (Mask)."""
    path = playbooks_folder() / "module_utils" / f"{name}.py"
    module = ModuleType(name)
    SourceFileLoader(module.__name__, str(path)).exec_module(module)
    return module


def check_login(account: SmtpAccount, *, timeout: float = TIMEOUT_SECONDS) -> SmtpResult:
    """Sign in and nothing else. `timeout`: seconds for each step."""
    return _converse(account, None, timeout)


def send_test_email(
    account: SmtpAccount,
    sender: str,
    recipient: str,
    run_id: str,
    *,
    server_name: str = "",
    timeout: float = TIMEOUT_SECONDS,
) -> SmtpResult:
    """Send a real mail that says what it is. `timeout`: seconds for each step."""
    import socket

    message = test_message(
        server_name or account.host,
        host=account.host,
        port=account.port,
        client_name=account.client_name,
        sender=sender,
        recipient=recipient,
        run_id=run_id,
        sent_from=socket.gethostname(),
    )
    return _converse(account, message, timeout)


def _converse(account: SmtpAccount, message: TestMessage | None, timeout: float) -> SmtpResult:
    """The server may echo any secret of this run, not only that of the account."""
    from provisioner.ca_file import ca_certificates

    if account.ca_file:
        ca_certificates(Path(account.ca_file))  # a pipe, say, would never end for OpenSSL
    if known := foreseen(account):
        return known
    began = time.monotonic()
    operation, mask = account.operation(message, timeout=timeout), host_code("maps_masking").Mask()
    facts = host_code("maps_smtp").smtp(operation, mask)
    answer = msgspec.convert(facts, SmtpAnswer)
    result = judge(answer, account, message)
    challenge = result.challenge and {k: redact(v) for k, v in result.challenge.items()}
    return replace(
        result,
        reply=redact(result.reply),
        challenge=challenge,
        seconds=round(time.monotonic() - began, 3),
        transcript=[redact(line) for line in result.transcript],
    )


def advice_on(result: SmtpResult, provider: str = "", server_name: str = "") -> Advice:
    """Why a result is not "sent" or "authenticated", and what to do. `provider`: its name."""
    from provisioner.advice.explain import commands, explain

    challenge = result.challenge or {}
    said = {result.outcome, str(result.code), result.enhanced or ""}
    if status := challenge.get("status"):
        said.add(f"334:{status}")
    advice = explain(result.stage, said, result.reply, provider)
    return advice.with_facts(
        scope=challenge.get("scope"), mechanism=result.mechanism, **commands(server_name)
    )


def foreseen(account: SmtpAccount) -> SmtpResult | None:
    """How a conversation would end, where that is known before any is held."""
    level = LEVELS[account.smtp_security_level]
    if level.only_in_maps:
        words = f"{level.label} cannot be verified from here: only MAPS supports it"
        return SmtpResult(outcome="unverifiable", stage="auth", reply=words)
    if account.mechanisms and not (account.user_name and (account.secret or account.placeholder)):
        missing = "secret" if account.user_name else "user name"
        words = f"there is no {missing} to sign in with"
        return SmtpResult(outcome="wrong", stage="auth", reply=words)
    return None


def judge(answer: SmtpAnswer, account: SmtpAccount, message: TestMessage | None) -> SmtpResult:
    """What the answer to `account.operation(message)` proves."""
    lines = [" ".join(line.split()) for line in answer.reply.split("\n")]
    enhanced = _ENHANCED.match(lines[-1])
    outcome, passing = _outcome(answer, account, message, enhanced[1] if enhanced else None)
    begun = message is not None and answer.stage in ("mail", "rcpt", "data")
    return SmtpResult(
        outcome=outcome,
        stage=answer.stage,
        code=answer.code,
        enhanced=enhanced[1] if enhanced else None,
        reply=printable(_words(answer, account) if answer.error else _one_line(lines, enhanced)),
        mechanism=answer.mechanism,
        tls=answer.tls,
        challenge=_error_challenge(answer.challenge),
        message_id=message.message_id if message and begun else None,
        transcript=[printable(line) for line in answer.transcript],
        passing=passing,
    )


def _outcome(
    answer: SmtpAnswer, account: SmtpAccount, message: TestMessage | None, enhanced: str | None
) -> tuple[str, bool]:
    """(outcome, passing)."""
    if answer.done:
        return ("sent" if message else "authenticated"), False
    if answer.error:
        return _outcome_of_error(answer, account)
    if answer.code is None or 400 <= answer.code <= 499:
        return "inconclusive", answer.code is not None
    held = (answer.code, enhanced) in _HELD and "sendasdenied" not in answer.reply.casefold()
    passes = enhanced in _PASSING_IN_TIME or held
    return ("inconclusive" if passes else "wrong"), False


def _outcome_of_error(answer: SmtpAnswer, account: SmtpAccount) -> tuple[str, bool]:
    before_login = answer.stage in _BEFORE_LOGIN
    match answer.error:
        case "unresolved" | "unreachable" | "closed" | "timeout":
            # At the end of DATA the mail may have been taken: sent again, it might come twice.
            passing = not before_login and answer.stage != "data"
            return ("unreachable" if before_login else "inconclusive"), passing
        case "no_mechanism" if account.smtp_security_level == "auto_detect":
            offered = set((answer.about or "").split())
            # MAPS may well choose one that we do not speak.
            return ("unverifiable" if offered & _ONLY_OF_MAPS else "wrong"), False
        case "tls":
            return ("wrong" if answer.stage == "tls" else "inconclusive"), False
        case "no_smtp" | "too_long":
            return ("wrong" if before_login else "inconclusive"), False
        case error if error in _WORDS and error != "no_md5":
            return "wrong", False
    return "inconclusive", False


_WORDS = {
    "no_host_name": "this is not a host name",
    "unknown_host": "unknown host name: {about}",
    "unresolved": "name resolution failed for now: {about}",
    "unreachable": "{about}",
    "closed": "the server closed the connection",
    "timeout": "no answer within {about}",
    "tls": "TLS failed: {about}",
    "certificate": "certificate not accepted: {about}",
    "ca_file": "the CA file {ca_file} cannot be used: {about}",
    "no_starttls": "the server does not offer STARTTLS, and nothing was sent in plain text",
    "early_bytes": "the server sent data after its reply to STARTTLS, which is not trusted",
    "no_smtp": "not a reply of an SMTP server: {about}",
    "too_long": "the server's {about} is too long for SMTP",
    "no_mechanism": "the server offers no mechanism that fits {level}; it offers {about}",
    "no_md5": "this host forbids MD5 (FIPS mode), so the mechanism cannot be used",
    "unsendable": "the {about} is not one that an SMTP command can hold",
}


def _words(answer: SmtpAnswer, account: SmtpAccount) -> str:
    """The error as a sentence; a word that only a newer host knows stands for itself."""
    error = answer.error or ""
    if error not in _WORDS:
        return error
    about, level = answer.about or "none", account.smtp_security_level
    return _WORDS[error].format(about=about, level=level, ca_file=account.ca_file)


def _one_line(lines: Sequence[str], enhanced: re.Match[str] | None) -> str:
    """A reply's lines as one, with the enhanced code of the last line once, at the start."""
    code = enhanced[0] if enhanced else ""
    rest = [
        line.removeprefix(code) if number and code and line.startswith(code) else line
        for number, line in enumerate(lines)
    ]
    return " ".join(filter(None, rest))


def _error_challenge(text: str | None) -> Mapping[str, str] | None:
    """The error that a provider puts into its 334 (RFC 7628 section 3.2.2), strings only."""
    texts = {k: v if isinstance(v, str) else json.dumps(v) for k, v in json_object(text).items()}
    return {printable(k[:40]): printable(v[:300]) for k, v in [*texts.items()][:10]} or None
