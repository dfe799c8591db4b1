"""A password or an access token that would cross the network readable for everyone."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings
from provisioner.providers.catalogue import is_loopback

ID = "cleartext-login"
SEVERITY = Severity.ERROR

# digest_md5, cram_md5 and cram_sha1 answer a challenge: the password itself stays at home.
_TRAVELS = {"oauth2": "the access token", "login": "the password", "plain": "the password"}


def check(server: Declaration, _surroundings: Surroundings) -> Iterator[Remark]:
    """auto_detect may come to plain or login."""
    level = server.text("/smtp_security_level")
    secret = _TRAVELS.get(level)
    if level == "auto_detect" and server.has("/password"):
        secret = "the password"  # noqa: S105
    if secret is None or server.get("/use_tls") not in (None, False):
        return
    if not is_loopback(server.text("/host")):
        is_said = server.has("/use_tls")
        yield Remark(
            "/use_tls" if is_said else "/smtp_security_level",
            f"without TLS {secret} would travel readable",
            "write use_tls: true" if is_said else "add use_tls: true",
        )
