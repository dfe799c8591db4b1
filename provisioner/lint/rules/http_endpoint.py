"""OAuth2 endpoints without TLS: codes, tokens and the client secret would travel readable."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.oauth_urls import URLS
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings
from provisioner.providers.catalogue import is_loopback
from provisioner.providers.endpoints import host_of

ID = "http-endpoint"
SEVERITY = Severity.ERROR


def check(server: Declaration, _surroundings: Surroundings) -> Iterator[Remark]:
    """RFC 6749 sections 3.1 and 3.2 demand TLS; a provider on this machine is for tests."""
    for pointer in URLS:
        url = server.text(pointer)
        if url.casefold().startswith("http://") and not is_loopback(host_of(url)):
            yield Remark(pointer, "this address has no TLS", "write https:// instead of http://")
