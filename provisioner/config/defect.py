"""What is wrong with a file before any schema looks at it."""

from __future__ import annotations

from typing import Literal, NamedTuple

from provisioner.config.place import FILE_START, Range

DefectRule = Literal[
    "byte-order-mark",
    "control-character",
    "duplicate-key",
    "empty-document",
    "encoding",
    "line-ends",
    "no-files",
    "outside-checkout",
    "second-settings",
    "syntax",
    "too-large",
    "unknown-tag",
    "unreadable-file",
]


class Defect(NamedTuple):
    """Our own words; never a key or a value of the file, since it may be a secret."""

    rule: DefectRule
    message: str
    remedy: str
    range: Range = FILE_START
    pointer: str = ""
    is_warning: bool = False

    @property
    def makes_unreadable(self) -> bool:
        """Whether what stands there is not what was meant: more words on it would confuse."""
        return self.rule not in {"duplicate-key", "outside-checkout"} and not self.is_warning


class DefectFound(Exception):
    """Reading cannot go on. Caught where files are read, and by whoever reads bytes."""

    def __init__(self, defect: Defect) -> None:
        super().__init__(defect.message)
        self.defect = defect
