"""A password for a provider that takes none any more."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.mail_login import signs_in_by_password
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings

ID = "password-login-ended"
SEVERITY = Severity.ERROR


def check(server: Declaration, surroundings: Surroundings) -> Iterator[Remark]:
    """The day is a fact of the catalogue."""
    if not signs_in_by_password(server):
        return
    provider = surroundings.provider(server.text("/host"))
    if provider.password_login == "ended":  # noqa: S105
        since = f" since {day}" if (day := provider.password_login_ends) else ""
        yield Remark(
            "/smtp_security_level",
            f"{provider.label} has taken no password from mail programs{since}",
            "write smtp_security_level: oauth2, and the settings below `oauth2`",
        )
