"""Two servers that sign in as one mailbox by one app registration."""

from __future__ import annotations

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings

ID = "shared-mailbox"
SEVERITY = Severity.WARNING


def identity(server: Declaration, _surroundings: Surroundings) -> str:
    """Token endpoint, client and mailbox, where all are declared, on the same hosts."""
    if server.text("/smtp_security_level") != "oauth2":
        return ""
    parts = (
        server.text("/oauth2/access_token_url"),
        server.text("/oauth2/client_id"),
        server.text("/user_name") or server.text("/oauth2/login_hint"),
    )
    hosts = server.text("/hosts")
    return "\n".join((*parts, hosts)).casefold() if all(parts) else ""


def remark(_first: str, _second: str, place: str) -> Remark:
    """The limits of the provider count for the mailbox, not for each server."""
    return Remark(
        "/server_name",
        f"{place} declares an email server with the same mailbox and client ID",
        "use that one for both, so that one sign-in and one set of limits serve; or give this"
        " one a mailbox of its own",
    )
