"""From whom and to whom a server's test email goes."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.errors import ProvisionerError
from provisioner.hosts.entry import ServerEntry
from provisioner.model.email_server import TestEmail


@dataclass(frozen=True, slots=True)
class Envelope:
    """Sender and recipient of one test email."""

    sender: str
    recipient: str


class NoMailbox(ProvisionerError):
    """Nothing says from whom a server's test email would come."""


def envelope(entry: ServerEntry, project_wide: TestEmail) -> Envelope:
    """The server's own test_email, else provisioner.yml's, else the mailbox."""
    own = entry.server.test_email
    sender = own.sender or entry.user_name or project_wide.sender
    recipient = own.recipient or project_wide.recipient or sender
    if not sender or not recipient:
        raise NoMailbox(
            f"{entry.server.where('user_name')}: there is no mailbox to send a test email from",
            remedy="add `test_email: {from: you@example.edu, to: you@example.edu}` to the server",
        )
    return Envelope(sender, recipient)
