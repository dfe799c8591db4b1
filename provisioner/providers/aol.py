"""AOL Mail: Yahoo's platform under its own host."""

from __future__ import annotations

from provisioner.providers.yahoo import YAHOO

AOL = YAHOO._replace(
    name="aol",
    title="AOL",
    # https://api.login.aol.com/.well-known/openid-configuration
    endpoints=("api.login.aol.com",),
    issuer="https://api.login.aol.com",
    smtp_hosts=("smtp.aol.com",),
    reading_hosts=("imap.aol.com", "pop.aol.com"),
)
