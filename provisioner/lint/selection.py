"""`--select` and `--ignore`: which advice is asked for.

Errors that make a file unreadable or a server unusable are always reported. A rule that is not
asked for does not run, so it covers no finding of another rule (`resolution.findings_of_checks`).
"""

from __future__ import annotations

from collections.abc import Iterable

from provisioner.errors import UsageError
from provisioner.lint.checks import IGNORABLE, OTHER_ADVICE, RULES
from provisioner.lint.rule import rule_page, unknown_rule

EVERYTHING = frozenset(rule.id for rule in RULES) | OTHER_ADVICE
OPTIONAL = IGNORABLE | OTHER_ADVICE


def selected_rules(select: Iterable[str] = (), ignore: Iterable[str] = ()) -> frozenset[str]:
    """The rules to go by. UsageError: a rule that does not exist, or cannot be turned off."""
    selected, ignored = list(select), list(ignore)
    for rule in (*selected, *ignored):
        if rule_page(rule) is None:
            raise unknown_rule(rule)
    for rule in ignored:
        if rule not in OPTIONAL:
            raise UsageError(
                f"{rule} cannot be ignored: its findings make an email server unusable or unsafe",
                remedy="fix its findings; rules that can be ignored: "
                + ", ".join(sorted(OPTIONAL)),
            )
    chosen = frozenset(selected) | (EVERYTHING - OPTIONAL) if selected else EVERYTHING
    return chosen - frozenset(ignored)
