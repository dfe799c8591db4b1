"""What the post-check said of one server on one host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.smtp.client import SmtpResult


@dataclass(frozen=True, slots=True)
class MailProof:
    """The test email's SMTP result, and how a refresh from that host went (None: not tried).

    `proof` is what the host made of it: sent, authenticated (no mail was wanted), unprovable (a
    security level that no client but MAPS speaks), or None. `worked_before` is the place
    (host:port) of the document before, where the mail server still answers while it does not in
    the new place. `attempts`: how often it was tried, since what passes by itself is tried again.
    """

    server: str
    smtp: SmtpResult
    refresh: Mapping[str, Any] | None
    proof: str | None
    worked_before: str | None = None
    attempts: int = 1

    @property
    def proven(self) -> bool:
        """Nothing more is to be found out by mail."""
        return self.proof is not None

    @property
    def wrong(self) -> bool:
        """What was delivered is wrong: the host is to get its old document back."""
        return "wrong" in (self.smtp.outcome, (self.refresh or {}).get("outcome"))


def mail_proofs(facts: Mapping[str, Any]) -> tuple[MailProof, ...]:
    """The proofs in the `maps` of a test-email task."""
    return tuple(
        MailProof(
            mail["server"],
            SmtpResult.from_facts(mail),
            mail.get("refresh"),
            mail.get("proof"),
            mail.get("worked_before"),
            mail.get("attempts", 1),
        )
        for mail in facts.get("mails") or ()
    )
