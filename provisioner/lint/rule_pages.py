"""The page of each rule: the problem, what is correct, and why.

A rule of lint/rules has its page beside it; the ones of the loader and the schema, which
have no file of their own, in lint/pages.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from provisioner.errors import UsageError
from provisioner.lint.nearest import nearest

_FOLDERS = ("rules", "pages")


class RulePage(NamedTuple):
    """A rule and its page's first sentence."""

    rule: str
    title: str


def rule_pages() -> list[RulePage]:
    """All rules, by id."""
    return sorted(RulePage(_rule(path), _title(path)) for path in _paths())


def page(rule: str) -> str | None:
    """A rule's page; None if there is no such rule."""
    return next((_text(path) for path in _paths() if _rule(path) == rule), None)


def unknown_rule(rule: str) -> UsageError:
    """There is no such rule; and which one was most likely meant."""
    near = nearest(rule, [entry.rule for entry in rule_pages()])
    remedy = f"did you mean {near}?" if near else "`provisioner rules` lists them"
    return UsageError(f"there is no rule {rule!r}", remedy=remedy)


def _paths() -> list[Path]:
    here = Path(__file__).parent
    return [path for folder in _FOLDERS for path in (here / folder).glob("*.md")]


def _rule(path: Path) -> str:
    return path.stem.replace("_", "-")


def _title(path: Path) -> str:
    """`# rule-id`, an empty line, the title."""
    return _text(path).splitlines()[2]


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
