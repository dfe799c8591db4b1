"""What the post-check said of one server on one host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.mail.session import SmtpResult


@dataclass(frozen=True, slots=True)
class MailProof:
    """The test email's SMTP result, and how a refresh from that host went (None: not tried).

    `unprovable`: the security level is one that no client but MAPS speaks.
    """

    server: str
    smtp: SmtpResult
    refresh: Mapping[str, Any] | None
    unprovable: bool = False

    @property
    def proven(self) -> bool:
        """The mail was taken, and nothing says that the next token will not come."""
        if self.unprovable:
            return True
        return self.smtp.outcome == "sent" and self._refresh_outcome in (None, "proven")

    @property
    def wrong(self) -> bool:
        """What was delivered is wrong: the host is to get its old document back."""
        return "wrong" in (self.smtp.outcome, self._refresh_outcome)

    @property
    def _refresh_outcome(self) -> str | None:
        return self.refresh["outcome"] if self.refresh else None


def mail_proofs(facts: Mapping[str, Any]) -> tuple[MailProof, ...]:
    """The proofs in the `maps` of a test-email task."""
    return tuple(
        MailProof(mail["server"], SmtpResult.from_facts(mail), mail.get("refresh"))
        for mail in facts.get("mails") or ()
    )
