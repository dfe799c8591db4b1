"""Nothing says which account is meant to sign in, or not in the form that the provider wants."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.mail_login import mailbox
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings

ID = "unknown-mailbox"
SEVERITY = Severity.WARNING


def check(server: Declaration, surroundings: Surroundings) -> Iterator[Remark]:
    """Under oauth2 only; the password methods need a user_name anyway."""
    if server.text("/smtp_security_level") != "oauth2" or not server.fact(_has_settings):
        return
    if not server.has("/user_name") and not server.has("/oauth2/login_hint"):
        yield Remark(
            "/smtp_security_level",
            "nothing says which account is meant: whoever signs in would be taken for the mailbox",
            "add user_name: the mailbox's address",
        )
    elif server.fact(_has_bare_name):
        provider = surroundings.provider(server.text("/host"))
        if provider.login_name == "address":
            yield Remark(
                "/user_name" if server.fact(_has_user_name) else "/oauth2/login_hint",
                f"{provider.label} knows accounts by their whole address",
                "write the mailbox's address, such as reports@example.edu",
            )


def _has_settings(server: Declaration) -> bool:
    return isinstance(server.get("/oauth2"), dict)


def _has_bare_name(server: Declaration) -> bool:
    name = mailbox(server)
    return bool(name) and "@" not in name


def _has_user_name(server: Declaration) -> bool:
    return bool(server.text("/user_name"))
