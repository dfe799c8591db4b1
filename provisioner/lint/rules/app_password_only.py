"""A password where the provider takes only one that was made for a program."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.mail_login import may_be_taken, signs_in_by_password
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings

ID = "app-password-only"
SEVERITY = Severity.WARNING


def check(server: Declaration, surroundings: Surroundings) -> Iterator[Remark]:
    """Nobody but its owner can see of a password what it is: a comment may say so.

    A method that the provider does not have is unsupported-method's.
    """
    if not signs_in_by_password(server):
        return
    provider = surroundings.provider(server.text("/host"))
    only = provider.password_login == "app_password"  # noqa: S105
    if only and may_be_taken(server, provider):
        yield Remark(
            "/smtp_security_level",
            f"{provider.label} takes no password of an account here, only an app password",
            "write smtp_security_level: oauth2; if it is an app password, say so in a comment "
            "(`provisioner rules app-password-only` shows how)",
        )
