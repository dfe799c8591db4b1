"""A client name that no host can have: a URL, a mail address, or worse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings

ID = "wrong-client-name"
SEVERITY = Severity.ERROR

_WORD = re.compile(r"[!-~]+")
# What a host sends; the test email is not sent with anything else either.
_POSSIBLE = re.compile(r"[A-Za-z0-9._:\[\]-]{1,255}")


def check(server: Declaration, _surroundings: Surroundings) -> Iterator[Remark]:
    """What is no word of ASCII at all is the schema's."""
    what = server.fact(_what)
    if what:
        yield Remark(
            "/client_name",
            f"the client name is {what}",
            "write the full host name of the MAPS host alone, such as maps.example.edu",
        )


def _what(server: Declaration) -> str:
    return _what_is(server.text("/client_name"))


@lru_cache(maxsize=1024)
def _what_is(name: str) -> str:
    if not _WORD.fullmatch(name) or _POSSIBLE.fullmatch(name):
        return ""
    if "/" in name:
        return "written as a URL"
    return "written as a mail address" if "@" in name else "nothing that a host can be called"
