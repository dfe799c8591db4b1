"""What the schema says of a document, with what was meant where that can be told."""

from __future__ import annotations

from typing import NamedTuple

from provisioner.config.issue import Issue


class Moved(NamedTuple):
    """A value meant to stand elsewhere: under the key next to its own, or in another mapping."""

    to: str


class Chosen(NamedTuple):
    """A choice that was meant."""

    value: str


class Objection(NamedTuple):
    """An issue, and what was meant."""

    issue: Issue
    meant: Moved | Chosen | None = None
