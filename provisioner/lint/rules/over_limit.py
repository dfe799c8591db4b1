"""More mails a minute than the provider takes from one mailbox."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings

ID = "over-limit"
SEVERITY = Severity.WARNING

_RATE = "/maximum_emails_per_minute"


def check(server: Declaration, surroundings: Surroundings) -> Iterator[Remark]:
    """The limit is the catalogue's, or the project's own."""
    rate = server.get(_RATE)
    if type(rate) is not int:
        return
    provider = surroundings.provider(server.text("/host"))
    limit = provider.messages_per_minute
    if limit is not None and rate > limit:
        yield Remark(
            _RATE,
            f"{provider.label} takes {limit} mails a minute from one mailbox; more has to wait",
            f"write {limit} or less; servers and hosts that share the mailbox share the limit",
        )
