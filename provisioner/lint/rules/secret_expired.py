"""A client secret that has ended or soon will."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings

ID = "secret-expired"
SEVERITY = Severity.WARNING

_EXPIRES = "/oauth2/client_secret_expires"
_SOON_DAYS = 30
_REMEDY = "make a new client secret, store it where client_secret points to, correct this day, push"


def check(server: Declaration, surroundings: Surroundings) -> Iterator[Remark]:
    """The day itself counts as the last one."""
    day = _day(server.text(_EXPIRES))
    if day is None:
        return
    left = (day - surroundings.today).days
    if left < 0:
        yield Remark(_EXPIRES, "the client secret has expired", _REMEDY)
    elif left <= _SOON_DAYS:
        yield Remark(_EXPIRES, f"the client secret expires {_words(left)}", _REMEDY)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:  # the schema says what is wrong with it
        return None


def _words(days: int) -> str:
    return {0: "today", 1: "tomorrow"}.get(days, f"in {days} days")
