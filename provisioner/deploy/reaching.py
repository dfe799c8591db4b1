"""What a host reaches of what its servers need: mail servers and token endpoints, no secrets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from provisioner.deploy import protocol
from provisioner.deploy.protocol import Answer, Call, CallTimeout, MailAnswer, Operation, PostAnswer
from provisioner.deploy.result import Reached
from provisioner.smtp.client import SmtpAccount, judge

_TIMEOUT = 10  # seconds, of each step of a conversation


def reach(
    servers: Iterable[Mapping[str, Any]], call: Call, ca_file: str | None
) -> Iterator[Reached]:
    """Each mail server is greeted, with TLS where it is declared; each token endpoint gets an empty
    form, which it refuses (RFC 6749 section 5.2).

    `servers`: entries of the host document, of which only what is public is used.
    """
    servers = list(servers)
    accounts = dict.fromkeys(_account(server, ca_file) for server in servers)
    endpoints = dict.fromkeys(filter(None, map(_token_endpoint, servers)))
    for account in accounts:
        answer = _answer(account.operation(None, timeout=_TIMEOUT), call)
        smtp = judge(answer, account, None) if isinstance(answer, MailAnswer) else None
        yield Reached(place=f"{account.host}:{account.port}", smtp=smtp, error=_error(answer))
    for url in endpoints:
        form = protocol.post(url, {}, basic=None, ca_file=ca_file, timeout=_TIMEOUT)
        answer = _answer(form, call)
        status = answer.status if isinstance(answer, PostAnswer) else None
        yield Reached(place=url, status=status, error=_error(answer))


def _account(server: Mapping[str, Any], ca_file: str | None) -> SmtpAccount:
    return SmtpAccount(
        host=server["host"],
        port=server["port"],
        use_tls=server["use_tls"],
        smtp_security_level="none",
        client_name=server["client_name"],
        ca_file=ca_file,
    )


def _token_endpoint(server: Mapping[str, Any]) -> str | None:
    oauth2 = server["oauth2"] or {}
    return oauth2.get("refresh_token_url") or oauth2.get("access_token_url")


def _answer(operation: Operation, call: Call) -> Answer | None:
    """None: the host did not end it in time. A call each: a list ends with the first that fails."""
    try:
        return call([protocol.without_lock(operation)])[0]
    except CallTimeout:
        return None


def _error(answer: Answer | None) -> str | None:
    if answer is None:
        return "timeout"
    return getattr(answer, "error", None) or getattr(answer, "reason", None)
