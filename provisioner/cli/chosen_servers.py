"""Which servers a command about sign-ins works on."""

from __future__ import annotations

from collections.abc import Iterable

from provisioner.errors import UsageError
from provisioner.model.email_server import EmailServer
from provisioner.model.project import Project


def oauth2_servers(project: Project, names: Iterable[str] | None) -> list[EmailServer]:
    """Those named, each once, else all that use OAuth2. UsageError for a name that does not."""
    named = {server.server_name: server for server in map(project.server, names or ())}
    for server in named.values():
        if server.oauth2 is None:
            raise UsageError(
                f"{server.server_name} does not use OAuth2 but {server.smtp_security_level}: "
                "it has no sign-in and no tokens",
                remedy="name a server with smtp_security_level: oauth2",
            )
    return list(named.values()) or [server for server in project.servers if server.oauth2]
