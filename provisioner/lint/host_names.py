"""Forms of a host."""

from __future__ import annotations

import ipaddress
import re

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?")


def host_name(host: str) -> str:
    """A host name in lower case without a dot at its end; empty if it is none, or an address."""
    name = host.casefold().removesuffix(".")
    return name if _NAME.fullmatch(name) and not is_ip_address(name) else ""


def is_ip_address(host: str) -> bool:
    """Whether a host is an IPv4 or IPv6 address, without brackets."""
    if not host[-1:].isdecimal() and ":" not in host:
        return False
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
