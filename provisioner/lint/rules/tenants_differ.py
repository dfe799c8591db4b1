"""URLs of two tenants: a code of one is refused by the other."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.oauth_urls import AUTHORIZATION_URL, REFRESH_URL, TOKEN_URL, provider_of
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings
from provisioner.lint.tenants import differ_surely, tenant_of

ID = "tenants-differ"
SEVERITY = Severity.ERROR

_PAIRS = ((AUTHORIZATION_URL, TOKEN_URL), (TOKEN_URL, REFRESH_URL))


def check(server: Declaration, surroundings: Surroundings) -> Iterator[Remark]:
    """A domain and an ID, or two domains, may be names of one directory."""
    tenants = {
        pointer: tenant_of(server.text(pointer))
        for pointer in (AUTHORIZATION_URL, TOKEN_URL, REFRESH_URL)
    }
    if len(set(filter(None, tenants.values()))) < 2:
        return
    provider = provider_of(server, surroundings)
    if provider is None or not provider.shared_tenants:
        return
    for first, second in _PAIRS:
        if differ_surely(tenants[first], tenants[second], provider):
            is_first = tenants[first] in provider.shared_tenants
            wrong, other = (first, second) if is_first else (second, first)
            yield Remark(
                wrong,
                f"this is the endpoint of another tenant than {other.rpartition('/')[2]}",
                "write one tenant in all URLs: the ID of your directory",
            )
