"""A token endpoint that is not known to belong to the sign-in page: it would get its codes."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.lint.declaration import Declaration
from provisioner.lint.endpoints_apart import remarks_on_pairs
from provisioner.lint.finding import Severity
from provisioner.lint.oauth_urls import TOKEN_URL
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings

ID = "endpoint-hosts-differ"
SEVERITY = Severity.ERROR

_REMEDIES = {TOKEN_URL: "write both URLs as the provider documents them"}


def check(server: Declaration, surroundings: Surroundings) -> Iterator[Remark]:
    """A known provider and a stranger, or strangers of two domains."""
    return remarks_on_pairs(server, surroundings, "hosts", _REMEDIES)
