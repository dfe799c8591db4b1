"""One thing that `validate` says."""

from __future__ import annotations

from typing import NamedTuple

from provisioner.config.issue import Range, Severity


class Excerpt(NamedTuple):
    """The key and the value in question, as they stand; what may be a secret is ***."""

    text: str
    mark_start: int
    mark_length: int


class Fix(NamedTuple):
    """What should stand at a place in the file, and that place as it may be shown."""

    place: Range
    text: str
    excerpt: Excerpt


class Finding(NamedTuple):
    """Lines and columns count characters from 1; the end is exclusive. Holds no secret."""

    rule: str
    severity: Severity
    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    pointer: str
    message: str
    remedy: str
    excerpt: Excerpt | None = None
    fix: Fix | None = None

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}"
        return f"{place}: {self.severity}[{self.rule}] {self.message}\n    {self.remedy}"
