"""A port on which nobody takes mail: one to read it, or one that the provider does not have."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.mail_login import signs_in
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings
from provisioner.providers.catalogue import is_loopback
from provisioner.providers.provider import Provider

ID = "wrong-port"
SEVERITY = Severity.ERROR

# https://www.iana.org/assignments/service-names-port-numbers. 80 and 443 are left out: there
# are providers that take mail there, such as https://developers.smtp2go.com/docs/smtp-relay
_READING = {110: "POP3", 143: "IMAP", 993: "IMAP", 995: "POP3"}


def check(server: Declaration, surroundings: Surroundings) -> Iterator[Remark]:
    """Port 25 is where servers take each other's mail: submission-port has a word for it."""
    port, host = server.get("/port"), server.text("/host")
    if type(port) is not int or not 0 < port < 65536 or port in (25, 587) or is_loopback(host):
        return
    provider, reading = surroundings.provider(host), _READING.get(port)
    if reading:
        message = f"this is the port of {reading}, where mail is read"
        yield Remark("/port", message, _remedy(server, provider))
    elif provider.smtp_ports and port not in provider.smtp_ports:
        message = f"{provider.label} takes no mail on this port"
        yield Remark("/port", message, _remedy(server, provider))
    elif port == 465 and server.get("/use_tls") in (None, False):
        yield Remark(
            "/port",
            "port 465 speaks TLS from the first byte, and this server is declared without TLS",
            "write use_tls: true" if server.has("/use_tls") else "add use_tls: true",
        )


def _remedy(server: Declaration, provider: Provider) -> str:
    if provider.smtp_ports:
        return f"write port: {provider.smtp_ports[0]}"
    if signs_in(server):
        return "write the port on which the mail server takes mail, as a rule 587 or 465"
    return "write the port on which the mail server takes mail, as a rule 25 without a sign-in"
