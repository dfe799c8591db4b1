"""URLs of two providers: neither knows the codes and tokens of the other."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.oauth_urls import (
    AUTHORIZATION_URL,
    REFRESH_URL,
    TOKEN_URL,
    are_apart,
    host_of,
)
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings

ID = "providers-differ"
SEVERITY = Severity.ERROR

_PAIRS = ((AUTHORIZATION_URL, TOKEN_URL), (TOKEN_URL, REFRESH_URL))


def check(server: Declaration, surroundings: Surroundings) -> Iterator[Remark]:
    """Only known providers are told apart: one that is not known may have many hosts."""
    for first, second in _PAIRS:
        one, other = server.text(first), server.text(second)
        if not one or not other or host_of(one) == host_of(other):
            continue
        here, there = surroundings.provider(other), surroundings.provider(one)
        if are_apart(here, there):
            name = first.rpartition("/")[2]
            yield Remark(
                second,
                f"this endpoint is of {here.label}, {name} of {there.label}",
                "write the URLs of one provider: the one that has the mailbox",
            )
