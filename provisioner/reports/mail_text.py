"""How a mail conversation ended, in lines for a person; the same words wherever it was held."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioner.mail.explanation import Explanation, explain, explain_refresh
from provisioner.smtp.client import SmtpResult


def mail_lines(server: str, smtp: SmtpResult, provider: str) -> list[str]:
    """One line for a mail that was taken; stage, code, reply, cause and remedy for others."""
    if smtp.outcome in ("sent", "authenticated"):
        how = ", ".join(part for part in (smtp.mechanism, smtp.tls) if part)
        what = "test email" if smtp.outcome == "sent" else "sign-in"
        return [f"{what} of {server}: {smtp.outcome}{f' ({how})' if how else ''}"]
    if smtp.outcome == "unverifiable":
        return [f"test email of {server}: {smtp.reply}", *_why_and_what(explain(smtp, provider))]
    codes = (str(smtp.code) if smtp.code else "", smtp.enhanced or "")
    code = "".join(f" {part}" for part in codes if part and not smtp.reply.startswith(part))
    return [
        f"test email of {server}: {smtp.outcome} at {smtp.stage}{code}: {smtp.reply}",
        *_why_and_what(explain(smtp, provider)),
    ]


def refresh_lines(server: str, facts: Mapping[str, Any]) -> list[str]:
    """Why a refresh that a host tried did not work; nothing if it did."""
    if facts["outcome"] in ("verified", "proven"):
        return []
    error = facts.get("error") or "no answer"
    return [
        f"token refresh for {server} on the host: {facts['outcome']} ({error})",
        *_why_and_what(explain_refresh(facts)),
    ]


def _why_and_what(explanation: Explanation) -> list[str]:
    return [
        f"    why: {explanation.cause}",
        f"    do:  {explanation.remedy} ({explanation.actor})",
    ]
