"""TLS with a mail server that is known by its IP address only."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.host_names import is_ip_address
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings
from provisioner.providers.catalogue import is_loopback

ID = "ip-with-tls"
SEVERITY = Severity.WARNING


def check(server: Declaration, _surroundings: Surroundings) -> Iterator[Remark]:
    """Certificates for addresses exist, but hardly any mail server has one."""
    if server.get("/use_tls") is not True:
        return
    host = server.text("/host")
    if is_ip_address(host) and not is_loopback(host):
        yield Remark(
            "/host",
            "hardly any mail server has a certificate for its IP address: TLS would fail",
            "write the mail server's name, as its certificate has it",
        )
