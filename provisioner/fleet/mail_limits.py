"""What a provider allows one mailbox, whichever host and server it sends through."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from provisioner.deploy.state_dir import state_dir
from provisioner.hosts.entry import ServerEntry
from provisioner.providers.provider import Provider


@dataclass(frozen=True, slots=True)
class MailLimit:
    """Of one mailbox: connections at once, messages a minute (None: no limit is known).

    Hosts keep to it together: playbooks/plugin_utils/maps_mail_turns.py has their turns.
    """

    mailbox: str
    connections: int | None
    messages_per_minute: int | None

    def as_json(self) -> dict[str, Any]:
        """As a delivery carries it."""
        return asdict(self)


def mail_limit(entry: ServerEntry, provider: Provider) -> MailLimit | None:
    """The limit of an entry's mailbox; None where nothing limits it.

    `provider`: the one of the SMTP host. What the server declares for itself holds, too.
    """
    known = (provider.messages_per_minute, entry.server.maximum_emails_per_minute)
    minute = min((most for most in known if most), default=None)
    connections = provider.max_connections_per_mailbox
    if not entry.user_name or not (minute or connections):
        return None
    # Providers of one platform share mail servers, and with them the count.
    place = provider.platform or provider.name
    return MailLimit(f"{place}/{entry.user_name.casefold()}", connections, minute)


def turns_folder(root: Path) -> Path:
    """Where the hosts of every push of this project wait for their turns; made if need be."""
    return state_dir(root, "mail-turns")
