"""What a check says about a value, before anyone looks up where that value stands."""

from __future__ import annotations

from typing import Literal, NamedTuple

from provisioner.lint.finding import Severity


class Remark(NamedTuple):
    """What a rule yields. It quotes no value: any may be a secret. `at`: what is marked."""

    pointer: str
    message: str
    remedy: str
    at: Literal["key", "value"] = "value"


class Moved(NamedTuple):
    """A value meant to stand elsewhere: under the key next to its own, or in another mapping."""

    to: str


class Chosen(NamedTuple):
    """A choice that was meant."""

    value: str


class Objection(NamedTuple):
    """A remark, and whose it is. `meant`: what was written wrong here, if that can be told."""

    rule: str
    remark: Remark
    severity: Severity = Severity.ERROR
    meant: Moved | Chosen | None = None
