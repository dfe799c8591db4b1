"""URLs of two providers: neither knows the codes and tokens of the other."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.lint.declaration import Declaration
from provisioner.lint.endpoints_apart import remarks_on_pairs
from provisioner.lint.finding import Severity
from provisioner.lint.oauth_urls import REFRESH_URL, TOKEN_URL
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings

ID = "providers-differ"
SEVERITY = Severity.ERROR

_REMEDIES = dict.fromkeys(
    (TOKEN_URL, REFRESH_URL), "write the URLs of one provider: the one that has the mailbox"
)


def check(server: Declaration, surroundings: Surroundings) -> Iterator[Remark]:
    """If one is not known, endpoint-hosts-differ and refresh-host-differs report it."""
    return remarks_on_pairs(server, surroundings, "providers", _REMEDIES)
