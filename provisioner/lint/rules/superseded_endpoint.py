"""Endpoints that still work and are no longer documented."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.oauth_urls import URLS, taken_apart
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings

ID = "superseded-endpoint"
SEVERITY = Severity.WARNING


def check(server: Declaration, surroundings: Surroundings) -> Iterator[Remark]:
    """Told by the whole path: it is one provider's own."""
    for pointer in URLS:
        url = server.text(pointer)
        if not url:
            continue
        provider = surroundings.provider(url)
        path = taken_apart(url).path.rstrip("/").casefold()
        current = provider.superseded_endpoints.get(path)
        if current is not None:
            yield Remark(
                pointer,
                f"{provider.label} no longer documents this address, and may switch it off",
                f"write {current}",
            )
