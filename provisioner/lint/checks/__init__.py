"""The lint rules, by theme, and which of them are asked for.

To add one: a function in its theme, its page, an example.
"""

from __future__ import annotations

from collections.abc import Iterable

from provisioner.config.issue import Severity
from provisioner.errors import UsageError
from provisioner.lint.checks import (
    login,
    mail_server,
    names,
    oauth_urls,
    scopes,
    secrets,
    sender,
    tenants,
    text,
)
from provisioner.lint.rule import WARNING, Rule, rule_page, unknown_rule

# What is said of one place stands in this order.
THEMES = (mail_server, login, sender, text, tenants, scopes, oauth_urls, secrets, names)
RULES: tuple[Rule, ...] = tuple(
    value for theme in THEMES for value in vars(theme).values() if isinstance(value, Rule)
)
IGNORABLE = frozenset(rule.id for rule in RULES if rule.can_be_ignored)

# What is only advice of those that are no rules of a theme.
UNUSED_IGNORE = "unused-ignore"
OTHER_ADVICE = frozenset({"byte-order-mark", "line-ends", UNUSED_IGNORE})
_SEVERITIES = {rule.id: rule.severity for rule in RULES} | dict.fromkeys(OTHER_ADVICE, WARNING)


def severity_of(rule_id: str) -> Severity:
    """How bad it is what a rule finds; what the schema says is an error."""
    return _SEVERITIES.get(rule_id, Severity.ERROR)


EVERYTHING = frozenset(rule.id for rule in RULES) | OTHER_ADVICE
OPTIONAL = IGNORABLE | OTHER_ADVICE


def selected_rules(select: Iterable[str] = (), ignore: Iterable[str] = ()) -> frozenset[str]:
    """`--select` and `--ignore`: the rules to go by.

    Errors that make a file unreadable or a server unusable are always reported. A rule that is not
    asked for does not run, so it covers no finding of another (`resolution.findings_of_checks`).
    UsageError: a rule that does not exist, or cannot be ignored.
    """
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
