"""A refresh token URL that is not known to belong to the other endpoints."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.lint.declaration import Declaration
from provisioner.lint.endpoints_apart import remarks_on_pairs
from provisioner.lint.finding import Severity
from provisioner.lint.oauth_urls import REFRESH_URL
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings

ID = "refresh-host-differs"
SEVERITY = Severity.ERROR

_REMEDIES = {REFRESH_URL: "remove refresh_token_url: without it, access_token_url is used"}


def check(server: Declaration, surroundings: Surroundings) -> Iterator[Remark]:
    """A known provider and a stranger, or strangers of two domains."""
    return remarks_on_pairs(server, surroundings, "hosts", _REMEDIES)
