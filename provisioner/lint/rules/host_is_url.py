"""The mail server's host written as a URL, with a port, or as an address."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings

ID = "host-is-url"
SEVERITY = Severity.ERROR


def check(server: Declaration, _surroundings: Surroundings) -> Iterator[Remark]:
    """MAPS takes the host name alone; the port has a field of its own."""
    host = server.text("/host")
    if "://" in host or "/" in host:
        yield Remark("/host", "the host is written as a URL", "write the host name alone")
    elif "@" in host:
        yield Remark("/host", "the host is written as a mail address", "write the mail server")
    elif host.count(":") == 1:
        yield Remark("/host", "the host has a port behind it", "write the port below `port`")
