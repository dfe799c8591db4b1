"""A server's SMTP account: what a mail conversation needs of its entry."""

from __future__ import annotations

from pathlib import Path

from provisioner.hosts.entry import ServerEntry
from provisioner.smtp.client import SmtpAccount


def smtp_account(entry: ServerEntry, ca_file: Path | None) -> SmtpAccount:
    """The account of an entry; its secret is the access token, or the password."""
    server = entry.server
    return SmtpAccount(
        host=server.host,
        port=server.port,
        use_tls=server.use_tls,
        smtp_security_level=str(server.smtp_security_level),
        user_name=entry.user_name,
        secret=entry.token_set.access_token if entry.token_set else entry.password,
        client_name=server.client_name,
        ca_file=str(ca_file) if ca_file else None,
    )
