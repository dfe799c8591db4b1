"""A test email whose sender is another address than the mailbox that signs in."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.mail_login import is_address, mailbox, signs_in
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings

ID = "foreign-sender"
SEVERITY = Severity.WARNING

_FROM = "/test_email/from"
_BECOMES = {
    "refused": "refuses the mail unless the mailbox may send as it",
    "rewritten": "puts the mailbox's address in its place unless it is a confirmed alias",
}


def check(server: Declaration, surroundings: Surroundings) -> Iterator[Remark]:
    """Aliases and plus addresses are other senders, too. Says nothing where nobody knows."""
    if not server.fact(_is_foreign) or not signs_in(server):
        return
    provider = surroundings.provider(server.text("/host"))
    becomes = _BECOMES.get(provider.foreign_sender)
    if becomes:
        yield Remark(
            _FROM,
            f"this sender is not the mailbox that signs in: {provider.label} {becomes}",
            "leave `from` out, or let the mailbox send as it and say so in a comment "
            "(`provisioner rules foreign-sender` shows how)",
        )


def _is_foreign(server: Declaration) -> bool:
    sender, signed_in = server.text(_FROM), mailbox(server)
    if not sender or sender.casefold() == signed_in.casefold():
        return False
    return is_address(sender) and is_address(signed_in)
