"""How a mail conversation ended, in lines for a person; the same words wherever it was held."""

from __future__ import annotations

from provisioner.advice.explain import Advice, commands, explain
from provisioner.host.result import RefreshResult
from provisioner.smtp.client import SmtpResult, advice_on


def mail_lines(server: str, smtp: SmtpResult, provider: str) -> list[str]:
    """One line for a mail that was taken; stage, code, reply, cause and remedy for others."""
    if smtp.outcome in ("sent", "authenticated"):
        how = ", ".join(part for part in (smtp.mechanism, smtp.tls) if part)
        what = "test email" if smtp.outcome == "sent" else "sign-in"
        return [f"{what} of {server}: {smtp.outcome}{f' ({how})' if how else ''}"]
    advice = _why_and_what(advice_on(smtp, provider, server))
    if smtp.outcome == "unverifiable":
        return [
            f"test email of {server}: {smtp.reply}",
            *advice,
        ]
    codes = (str(smtp.code) if smtp.code else "", smtp.enhanced or "")
    code = "".join(f" {part}" for part in codes if part and not smtp.reply.startswith(part))
    return [
        f"test email of {server}: {smtp.outcome} at {smtp.stage}{code}: {smtp.reply}",
        *advice,
    ]


def refresh_lines(server: str, refresh: RefreshResult) -> list[str]:
    """Why a refresh that a host tried did not work; nothing if it did."""
    if refresh.outcome == "verified":
        return []
    status = refresh.http_status or 0
    busy = status == 429 or status >= 500  # then the error says nothing of the token
    codes = () if busy else (refresh.error, refresh.code)
    said = {refresh.outcome, *filter(None, codes)}
    return [
        f"token refresh for {server} on the host: {refresh.outcome} "
        f"({refresh.error or 'no answer'})",
        *_why_and_what(explain("host", said).with_facts(**commands(server))),
    ]


def _why_and_what(advice: Advice) -> list[str]:
    return [
        f"    why: {advice.cause}",
        f"    do:  {advice.remedy} ({advice.actor})",
    ]
