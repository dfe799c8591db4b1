"""MAPS' SMTP Security Levels, in the order of its dialog.

What is spoken with a mechanism is in playbooks/module_utils/maps_smtp.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal, NamedTuple


class SecurityLevel(StrEnum):
    AUTO_DETECT = "auto_detect"
    NONE = "none"
    LOGIN = "login"
    PLAIN = "plain"
    DIGEST_MD5 = "digest_md5"
    CRAM_MD5 = "cram_md5"
    CRAM_SHA1 = "cram_sha1"
    OAUTH2 = "oauth2"


class Level(NamedTuple):
    """`label`: as the dialog spells it. `is_sent`: the secret itself is sent, not the response to a
    challenge. `mechanisms`: of SASL, best first; those of auto_detect depend on TLS.
    `only_in_maps`: no test email can be sent with it from here or from a host.
    """

    label: str
    secret: Literal["", "password", "access token"] = ""
    is_sent: bool = False
    mechanisms: tuple[str, ...] = ()
    only_in_maps: bool = False


LEVELS: Mapping[str, Level] = {
    "auto_detect": Level("auto-detect"),
    "none": Level("none"),
    "login": Level("login", "password", True, ("LOGIN",)),
    "plain": Level("plain", "password", True, ("PLAIN",)),
    # RFC 6331 ends it.
    "digest_md5": Level("DIGEST-MD5", "password", False, ("DIGEST-MD5",), only_in_maps=True),
    "cram_md5": Level("CRAM-MD5", "password", False, ("CRAM-MD5",)),
    # No RFC describes it, and no server or library was found with it.
    "cram_sha1": Level("CRAM-SHA1", "password", False, ("CRAM-SHA1",), only_in_maps=True),
    "oauth2": Level("OAuth 2", "access token", True, ("XOAUTH2", "OAUTHBEARER")),
}

PASSWORD_LEVELS = frozenset(
    name
    for name, level in LEVELS.items()
    if level.secret == "password"  # noqa: S105
)
