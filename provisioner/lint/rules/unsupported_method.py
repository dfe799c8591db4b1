"""A way to sign in that the provider's mail servers do not know."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.mail_login import may_be_taken
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings

ID = "unsupported-method"
SEVERITY = Severity.ERROR

_LEVEL = "/smtp_security_level"
_NAMES = {
    "plain": "PLAIN",
    "login": "LOGIN",
    "digest_md5": "DIGEST-MD5",
    "cram_md5": "CRAM-MD5",
    "cram_sha1": "CRAM-SHA1",
    "oauth2": "XOAUTH2",
}


def check(server: Declaration, surroundings: Surroundings) -> Iterator[Remark]:
    """auto_detect picks what there is. Where passwords have ended, another rule says it."""
    level = server.text(_LEVEL)
    if level != "none" and level not in _NAMES:
        return
    provider = surroundings.provider(server.text("/host"))
    ended = provider.password_login == "ended"  # noqa: S105
    if may_be_taken(server, provider) or (ended and level != "none"):
        return
    said = f"has no {_NAMES[level]}" if level in _NAMES else "takes no mail without a sign-in"
    better = "oauth2" if "oauth2" in provider.smtp_auth_methods else "login"
    yield Remark(_LEVEL, f"{provider.label} {said}", f"write smtp_security_level: {better}")
