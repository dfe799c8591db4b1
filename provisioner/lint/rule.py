"""A rule of `checks/`, and the page of each rule: the problem, what is correct, and why."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from provisioner.config.issue import Issue, Severity
from provisioner.errors import UsageError
from provisioner.lint.mistakes.nearest import nearest

if TYPE_CHECKING:
    from provisioner.lint.context import LintContext
    from provisioner.lint.server import ServerView

RuleCheck = Callable[["ServerView", "LintContext"], Iterator[Issue]]
SettingsCheck = Callable[[Mapping[str, Any]], Iterator[Issue]]

ERROR, WARNING = Severity.ERROR, Severity.WARNING
_PAGES = Path(__file__).parent / "pages"


def _nothing(_settings: Mapping[str, Any]) -> Iterator[Issue]:
    return iter(())


class Rule(NamedTuple):
    """`check` yields what is wrong with a server; it neither reads nor writes anything.

    `can_be_ignored`: it is advice, which a project may turn down. The rest says that a server
    cannot be built from the file, that two of them would be one, or that one provider's secrets
    go to another.
    `compares`: it looks at other servers, too, which may not be among the files of this run.
    `check_settings`: what is wrong with provisioner.yml.
    """

    id: str
    severity: Severity
    check: RuleCheck
    can_be_ignored: bool = True
    compares: bool = False
    check_settings: SettingsCheck = _nothing


def rule(rule_id: str, severity: Severity, **how: Any) -> Callable[[RuleCheck], Rule]:
    """Makes a rule of a function in one of the themes that `checks/` lists. `how`: as Rule says."""
    return partial(Rule, rule_id, severity, **how)


# A pattern whose group `sign`, if it has one, is marked; what is wrong, and what to write.
Form = tuple[str, str, str]


def issues_of_form(pointer: str, text: str, forms: Iterable[Form]) -> Iterator[Issue]:
    """What is wrong with a text that begins with one of these; the first one counts."""
    for pattern, message, remedy in forms:
        if found := re.match(pattern, text):
            groups = found.groupdict()
            part = found.span("sign") if groups.get("sign") is not None else None
            yield Issue(pointer, message, remedy.format_map(groups), part=part)
            return


class RulePage(NamedTuple):
    """A rule and its page's first sentence."""

    rule: str
    title: str


def rule_pages() -> list[RulePage]:
    """All rules, by id: those of `checks/`, of the schema, and of what reads the files."""
    return sorted(RulePage(_rule(path), _title(path)) for path in _PAGES.glob("*.md"))


def rule_page(rule_id: str) -> str | None:
    """A rule's page; None if there is no such rule."""
    return next((_text(path) for path in _PAGES.glob("*.md") if _rule(path) == rule_id), None)


def unknown_rule(rule_id: str) -> UsageError:
    """There is no such rule; and which one was most likely meant."""
    near = nearest(rule_id, [entry.rule for entry in rule_pages()])
    remedy = f"did you mean {near}?" if near else "`provisioner rules` lists them"
    return UsageError(f"there is no rule {rule_id!r}", remedy=remedy)


def _rule(path: Path) -> str:
    return path.stem.replace("_", "-")


def _title(path: Path) -> str:
    """`# rule-id`, an empty line, the title."""
    return _text(path).splitlines()[2]


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
