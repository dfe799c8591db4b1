"""Port 25, declared or by default, where the provider wants another one for a sign-in."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.mail_login import signs_in
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings

ID = "submission-port"
SEVERITY = Severity.WARNING


def check(server: Declaration, surroundings: Surroundings) -> Iterator[Remark]:
    """Whoever writes 25 where the provider has it, too, means it."""
    port = server.get("/port")
    if port not in (None, 25) or not signs_in(server):
        return
    provider = surroundings.provider(server.text("/host"))
    if not provider.smtp_ports:
        return
    best = provider.smtp_ports[0]
    if port is None:
        yield Remark(
            "/host",
            f"without `port` MAPS takes 25, which many networks block; {provider.label} has {best}",
            f"add port: {best}",
        )
    elif 25 not in provider.smtp_ports:
        yield Remark(
            "/port",
            f"port 25 is for mail between servers; {provider.label} wants a sign-in on {best}",
            f"write port: {best}",
        )
