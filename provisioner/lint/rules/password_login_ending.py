"""A password for a provider that is about to take none any more."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.mail_login import may_be_taken, signs_in_by_password
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings

ID = "password-login-ending"
SEVERITY = Severity.WARNING


def check(server: Declaration, surroundings: Surroundings) -> Iterator[Remark]:
    """A warning also after the day: until the provider ends it, it can be switched on again."""
    if not signs_in_by_password(server):
        return
    provider = surroundings.provider(server.text("/host"))
    ending = provider.password_login == "ending"  # noqa: S105
    if not ending or not may_be_taken(server, provider):
        return
    day = provider.password_login_ends
    if day is None:
        said = "is switching passwords of mail programs off"
    elif surroundings.today.isoformat() < day:
        said = f"switches passwords of mail programs off by default by {day}"
    else:
        said = "has switched passwords of mail programs off by default"
    yield Remark(
        "/smtp_security_level",
        f"{provider.label} {said}",
        "write smtp_security_level: oauth2, and the settings below `oauth2`",
    )
