"""How a declared server signs in to its mail server, and as whom."""

from __future__ import annotations

import re
from functools import cache

from provisioner.lint.declaration import Declaration
from provisioner.lint.schema import schema_named
from provisioner.providers.provider import Provider

PASSWORD_METHODS = frozenset({"login", "plain", "digest_md5", "cram_md5", "cram_sha1"})


def signs_in(server: Declaration) -> bool:
    """Whether it signs in at all."""
    return server.text("/smtp_security_level") == "oauth2" or signs_in_by_password(server)


def signs_in_by_password(server: Declaration) -> bool:
    """By a password method, or by one that auto_detect finds."""
    level = server.text("/smtp_security_level")
    return level in PASSWORD_METHODS or (level == "auto_detect" and server.has("/password"))


def may_be_taken(server: Declaration, provider: Provider) -> bool:
    """Whether the provider has the server's method, as far as is known."""
    level, known = server.text("/smtp_security_level"), provider.smtp_auth_methods
    return level == "auto_detect" or not known or level in known


def mailbox(server: Declaration) -> str:
    """What it signs in as; empty if nothing says it."""
    return server.text("/user_name") or server.text("/oauth2/login_hint")


def is_address(text: str) -> bool:
    """Whether a text has the form of a bare mail address, as the schema has it."""
    return _address().fullmatch(text) is not None


@cache
def _address() -> re.Pattern[str]:
    return re.compile(schema_named("email-server").content["$defs"]["mail_address"]["pattern"])
