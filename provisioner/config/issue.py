"""What is wrong with a declared file, before anyone looks up where it stands."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, NamedTuple

from provisioner.config.place import FILE_START, Range

# The rules of what reads files. Those of the schema and of `lint/checks/` have their own ids.
ReaderRule = Literal[
    "byte-order-mark",
    "control-character",
    "duplicate-key",
    "empty-document",
    "encoding",
    "line-ends",
    "no-files",
    "other-suffix",
    "outside-checkout",
    "second-settings",
    "syntax",
    "too-large",
    "unknown-tag",
    "unreadable-file",
]


class Severity(StrEnum):
    """Errors make a project unusable; warnings are advice."""

    ERROR = "error"
    WARNING = "warning"


class Issue(NamedTuple):
    """Our own words; never a key or a value of the file, since it may be a secret.

    `at`: what of the value is marked; `part`: between which characters of its text, if not all of
    it. `rule` and `severity` of a check's issue are filled in by
    whoever asked it. `range`: where it is, if what
    reads the file says it: there may be no document yet in which a pointer could lead there.
    `fix`: what should stand at the marked place, where that is certain.
    """

    pointer: str
    message: str
    remedy: str
    at: Literal["key", "value"] = "value"
    rule: str = ""
    severity: Severity = Severity.ERROR
    range: Range = FILE_START
    fix: str | int | bool | None = None
    part: tuple[int, int] | None = None


class Unreadable(Exception):
    """Reading cannot go on. Caught where files are read, and by whoever reads bytes."""

    def __init__(self, issue: Issue) -> None:
        super().__init__(issue.message)
        self.issue = issue
