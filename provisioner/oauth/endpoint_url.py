"""Where secrets may be sent: https, or this machine itself for tests and the demo."""

from __future__ import annotations

from urllib.parse import urlsplit

from provisioner.errors import InvalidProject
from provisioner.providers.catalogue import is_loopback


def checked_endpoint(url: str, field: str) -> str:
    """The URL's host; InvalidProject unless it is https or loopback (RFC 6749 section 3.2)."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", None
    if parts is None or not host or parts.username is not None:
        raise InvalidProject(f"{field} is not a URL with a host", remedy="write https://HOST/PATH")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise InvalidProject(
            f"{field} is not https: secrets would travel in the clear to {host}",
            remedy="write https://",
        )
    return host
