"""A client name that RFC 5321 does not allow in EHLO, and some mail servers refuse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.host_names import is_ip_address
from provisioner.lint.mail_login import signs_in
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings
from provisioner.providers.catalogue import is_loopback

ID = "doubtful-client-name"
SEVERITY = Severity.WARNING

_NAME = "/client_name"
# What is not even this is wrong-client-name's.
_POSSIBLE = re.compile(r"[A-Za-z0-9._:\[\]-]{1,255}")
_DOMAIN = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z0-9-]*[A-Za-z0-9]")
_Form = Literal["fine", "bare address", "underscore", "no host name", "short"]
_WORDS: dict[_Form, str] = {
    "underscore": "there is an underscore in the client name, which mail servers may refuse",
    "no host name": "the client name is no host name, which mail servers may refuse",
    "short": "the client name is no full host name: mail servers may refuse it without a sign-in",
}


def check(server: Declaration, _surroundings: Surroundings) -> Iterator[Remark]:
    """RFC 5321 section 4.1.1.1: a full domain name, or an address in brackets."""
    form = server.fact(_form)
    if form == "fine" or is_loopback(server.text("/host")):
        return
    if form == "bare address":
        yield Remark(
            _NAME,
            "an IP address in EHLO has brackets: [192.0.2.1], [IPv6:2001:db8::1]",
            "write it so, or rather the full host name of the MAPS host",
        )
    elif form != "short" or not signs_in(server):
        yield Remark(
            _NAME,
            _WORDS[form],
            "write the full host name of the MAPS host, such as maps.example.edu",
        )


def _form(server: Declaration) -> _Form:
    return _form_of(server.text(_NAME))


@lru_cache(maxsize=1024)
def _form_of(name: str) -> _Form:
    if not _POSSIBLE.fullmatch(name):
        return "fine"
    if is_ip_address(name) or name[0] == "[":
        return "fine" if _is_literal(name) else "bare address"
    if "_" in name:
        return "underscore"
    if not _DOMAIN.fullmatch(name):
        return "no host name"
    return "fine" if "." in name else "short"


def _is_literal(name: str) -> bool:
    if not name.startswith("[") or not name.endswith("]"):
        return False
    inner = name[1:-1]
    if inner[:5].casefold() == "ipv6:":
        return ":" in inner[5:] and is_ip_address(inner[5:])
    return ":" not in inner and is_ip_address(inner)
