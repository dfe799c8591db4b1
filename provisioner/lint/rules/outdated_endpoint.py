"""Endpoints that read no scope: with them nobody asks for access to mail."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.oauth_urls import URLS, parameters, taken_apart
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings
from provisioner.providers.provider import Provider

ID = "outdated-endpoint"
SEVERITY = Severity.ERROR


def check(server: Declaration, surroundings: Surroundings) -> Iterator[Remark]:
    """With a `resource` in a query, somebody knows what these endpoints want instead."""
    urls = {pointer: server.text(pointer) for pointer in URLS}
    if any("resource" in parameters(url) for url in urls.values()):
        return
    for pointer, url in urls.items():
        if not url:
            continue
        provider = surroundings.provider(url)
        current = _current(url, provider)
        if current is not None:
            yield Remark(
                pointer,
                f"this endpoint of {provider.label} is of version 1, which reads no scope",
                f"let the address end in {current}",
            )


def _current(url: str, provider: Provider) -> str | None:
    path = taken_apart(url).path.rstrip("/").casefold()
    known = provider.scopeless_endpoints.items()
    return next((current for ending, current in known if path.endswith(ending)), None)
